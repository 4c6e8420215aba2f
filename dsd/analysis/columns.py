"""What the columns of a table are, by their names: parameters of networks, outcomes of trainings, names."""

import re

PARAMETER = re.compile(r"depth|[dwbg]\d+|flops|params|acts|sampled_(depth|w_0|w_a|w_m|b|g)|w_0|w_a|w_m|e_fit")
OUTCOME = re.compile(
    r"(?!e_fit)(.*_)?error.*|loss|epochs|.*_s|attempts|valid|best_epoch|.*peak_gb|skipped|synthetic|time_.*|(infer|train)_(ms|n).*"
    r"|recorded_flops"
)
NAMES = re.compile(
    r"key|run|reason|status|trained_on|started|finished|space|source_key|strides|kernels|seeds?|repeat|.*_id|index"
    r"|Unnamed: \d+"
)
BEFORE_THE_RULE = re.compile(r"sampled_[dwbg]\d+")  # what the width rule changed; the realised values are parameters
