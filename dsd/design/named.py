"""Networks with a published name."""

import difflib

import numpy as np

from dsd.design.compatibility import adjust
from dsd.design.network import Family, Network
from dsd.design.regnet import generate
from dsd.errors import DsdError, known

# depth, w_0, w_a, w_m, bottleneck ratio, group width: [DDS] App. D, Fig. 15
REGNETS: dict[str, tuple[int, float, float, float, int, int]] = {
    "RegNetX-200MF": (13, 24, 36.44, 2.49, 1, 8),
    "RegNetX-400MF": (22, 24, 24.48, 2.54, 1, 16),
}


def regnet(
    d: int, w_0: float, w_a: float, w_m: float, b: int, g: int, resolution: int = 224, classes: int = 1000
) -> Network:
    """The four-stage RegNetX of these six parameters, realised ([DDS] Eq. 2–4, then the width rule).

    Raises:
        DsdError: the parameters do not give four stages
    """
    family = Family()
    found = generate(np.array([w_0]), np.array([w_a]), np.array([w_m]), np.array([d]), family.stages)
    if not len(found.rows):
        raise DsdError(f"depth {d}, w_0 {w_0}, w_a {w_a}, w_m {w_m} do not form {family.stages} stages")
    ratios = np.full((1, family.stages), b)
    widths, groups = adjust(found.widths.astype(np.int64), ratios, np.full_like(ratios, g))
    d_i, w_i, b_i, g_i = (tuple(a[0].tolist()) for a in (found.depths.astype(np.int64), widths, ratios, groups))
    return Network(d_i, w_i, b_i, g_i, family, resolution, classes)


def network(name: str, resolution: int = 224, classes: int = 1000) -> Network:
    """A published network by its name, upper or lower case.

    Raises:
        DsdError: the name is not known; the message lists near ones
    """
    names = {known_name.lower(): known_name for known_name in REGNETS}
    if name.lower() not in names:
        near = difflib.get_close_matches(name.lower(), names) or names
        raise DsdError(f"network {name} is not known; known are: {known(names[n] for n in near)}")
    return regnet(*REGNETS[names[name.lower()]], resolution=resolution, classes=classes)
