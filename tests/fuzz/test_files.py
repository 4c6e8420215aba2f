"""Files that people write: whatever stands in them, the program answers in one line or takes them."""

from pathlib import Path

import yaml
from hypothesis import given

from tests.fuzz.program import answer, fuzzed
from tests.fuzz.strategies import damaged, damaged_text

ROOT = Path(__file__).parents[2]
SHIPPED = ("AnyNetX_A", "AnyNetX_E_cifar", "RegNetX", "RegNetX_constrained", "RegNetX_lr_wd", "NDS_ResNeXt-A")
SPACE_FILES = [(ROOT / "spaces" / f"{name}.yaml").read_text() for name in SHIPPED]
SPACES = [yaml.safe_load(text) for text in SPACE_FILES]
SPACE_KEYS = sorted(
    {key for space in SPACES for key in space} | {"constraints", "params", "resolution", "lr", "kernels"}
)
NETWORK_FILES = [
    "depths: [1, 2, 7, 12]\nwidths: [32, 64, 160, 384]\ngroup_widths: 16\n",
    "depth: 22\nw_0: 24\nw_a: 24.48\nw_m: 2.54\ngroup_width: 16\n",
    "extends: RegNetX-400MF\nactivation: silu\nresolution: 160\nbottleneck_ratios: 1/2\n",
]
NETWORKS = [yaml.safe_load(text) for text in NETWORK_FILES]
NETWORK_KEYS = ["strides", "kernels", "block", "stem", "stem_width", "head_width", "classes", "bottleneck_ratio"]
STUDY_FILES = [
    """# @package _global_
defaults:
  - override /recipe: digits
  - override /data: digits
  - override /cluster: slurm
name: mine
spaces: [AnyNetX_A_cifar]
n: 2
flops: "200K:400K"
recipe: {epochs: 2, lr: 0.1}
cluster: {gpus: 0, time_min: 60, partition: a}
"""
]
STUDIES = [yaml.safe_load(text) for text in STUDY_FILES]
STUDY_KEYS = [
    "networks",
    "regimes",
    "params",
    "acts",
    "sample_seed",
    "seeds",
    "seeds_n",
    "environment",
    "data",
    "hydra",
]


def written(folder: Path, content: object) -> Path:
    """A YAML file with this content."""
    path = folder / "fuzzed.yaml"
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    path.write_text("# @package _global_\n" + text, encoding="utf-8", errors="surrogatepass")
    return path


@fuzzed
@given(content=damaged(SPACES, SPACE_KEYS))
def test_a_space_of_other_values_is_taken_or_refused(content: object, tmp_path_factory) -> None:
    """Any value for any key."""
    answer("spaces", written(tmp_path_factory.getbasetemp(), content), "--json")


@fuzzed
@given(content=damaged_text(SPACE_FILES))
def test_a_space_of_other_bytes_is_taken_or_refused(content: bytes, tmp_path_factory) -> None:
    """Any bytes."""
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_bytes(content)
    answer("spaces", path, "--json")


@fuzzed
@given(content=damaged(NETWORKS, NETWORK_KEYS))
def test_a_network_of_other_values_is_taken_or_refused(content: object, tmp_path_factory) -> None:
    """Any value for any key."""
    answer("complexity", written(tmp_path_factory.getbasetemp(), content), "--json")


@fuzzed
@given(content=damaged_text(NETWORK_FILES))
def test_a_network_of_other_bytes_is_taken_or_refused(content: bytes, tmp_path_factory) -> None:
    """Any bytes."""
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_bytes(content)
    answer("complexity", path, "--json")


@fuzzed
@given(content=damaged(STUDIES, STUDY_KEYS))
def test_a_study_of_other_values_is_taken_or_refused(content: object, tmp_path_factory) -> None:
    """Any value for any key."""
    folder = tmp_path_factory.getbasetemp()
    answer("plan", written(folder, content), "--json", "-o", folder / "sweep")


@fuzzed
@given(content=damaged_text(STUDY_FILES))
def test_a_study_of_other_bytes_is_taken_or_refused(content: bytes, tmp_path_factory) -> None:
    """Any bytes."""
    folder = tmp_path_factory.getbasetemp()
    path = folder / "fuzzed.yaml"
    path.write_bytes(content)
    answer("plan", path, "--json", "-o", folder / "sweep")
