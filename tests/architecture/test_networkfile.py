"""Network files: the three ways to describe a network, and what is refused."""

from pathlib import Path

import pytest

from dsd import DsdError, Network, complexity, network
from dsd.architecture.catalogue import file

LINE = "depth: 22\nw_0: 24\nw_a: 24.48\nw_m: 2.54\ngroup_width: 16\n"
STAGES = "depths: [1, 2, 7, 12]\nwidths: [32, 64, 160, 384]\ngroup_widths: 16\n"


@pytest.fixture
def load(tmp_path: Path):
    """The network of a text, as a file of a name."""

    def load(text: str, name: str = "mine.yaml") -> Network:
        (tmp_path / name).write_text(text)
        return network(str(tmp_path / name))

    return load


@pytest.mark.parametrize("text", [LINE, STAGES, "extends: regnetx-400mf", STAGES + "bottleneck_ratios: 1"])
def test_the_same_network_can_be_written_in_three_ways(text: str, load) -> None:
    """Stage by stage, by its line, or as the published one."""
    assert load(text) == network("RegNetX-400MF")


def test_the_examples_of_the_documentation_are_networks(load) -> None:
    """The module's docstring shows three files."""
    examples = file.__doc__.split("```yaml\n")[1:]
    assert len(examples) == 3
    for text in examples:
        assert complexity(load(text.split("```")[0])).flops > 0


def test_a_file_changes_what_it_extends(load) -> None:
    """A published network, or a file beside; stages, family, resolution and classes; a number holds for every stage."""
    silu = load("extends: RegNetX-400MF\nactivation: silu\nresolution: 160", "silu.yaml")
    assert (silu.skeleton.activation, silu.resolution, silu.widths) == ("silu", 160, (32, 64, 160, 384))
    wide = load("extends: silu.yaml\nwidths: [64, 128, 320, 768]\nclasses: 10")
    assert (wide.skeleton.activation, wide.resolution, wide.classes) == ("silu", 160, 10)
    assert load("extends: silu\nwidths: [64, 128, 320, 768]\nclasses: 10") == wide
    assert wide.group_widths == (16,) * 4
    assert load("extends: ResNet-50\nstem: simple").skeleton.stem_channels == 32
    assert load("extends: EfficientNet-B3\nstem: simple").skeleton.stem_channels == 40
    assert load("extends: RegNetX-400MF\nblock: mbconv").group_widths == (1,) * 4
    five = load(LINE + "strides: [1, 2, 2, 2]\nkernels: 5")
    assert (five.skeleton.strides, five.skeleton.kernels) == ((1, 2, 2, 2), (5,) * 4)
    assert load("extends: EfficientNet-B0\nresolution: 160").skeleton == network("EfficientNet-B0").skeleton


def test_every_block_can_be_described(load) -> None:
    """Blocks without groups need no group widths; fractions may be written."""
    inner = load("depths: 2\nwidths: [16, 24]\nblock: R\nbottleneck_ratios: 1/2")
    assert inner.group_widths == (32, 48)
    plain = load("depths: [1, 1]\nwidths: 16\nblock: V\nstem: cifar\nstrides: [1, 2]\nresolution: 32")
    assert plain.group_widths == (16, 16)
    mobile = load("depths: [1, 2]\nwidths: 16\nblock: mbconv\nbottleneck_ratios: [1, 1/6]\nkernels: [3, 5]")
    assert (mobile.group_widths, mobile.skeleton.kernels) == ((1, 1), (3, 5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depth: 3", "w_0 is missing; a line needs all of"),
        ("depths: [1, 2]", "widths is missing"),
        ("depths: 1\nwidths: [8, 8]", "group_widths is missing; block X has groups"),
        ("depthz: 1", "depthz is not a key; choose one of: activation"),
        ("activation: silu", "describes no network"),
        ("extends: RegNetX-400MF\ngroup_width: 24", "depth is missing; a line needs all of"),
        ("extends: AnyNetX_A\nsummary: mine", "is a design space, not a network; `dsd sample --space`"),
        (STAGES + "depth: 3", "gives both stages and a line"),
        ("depths: [1, 2]\nwidths: [8, 8, 8]\ngroup_widths: 8", r"depths = \[1, 2\]: has 2 values; give 3"),
        (STAGES + "strides: [2, 2]", "strides = .*: has 2 values; give 4"),
        (STAGES.replace("64", "60"), "stage 2: 60 / 1 = 60 channels do not divide into groups of 16; nearest valid"),
        (STAGES.replace("[1, 2", "[1, 0"), "stage 2: depth 0: give a whole number from 1"),
        (STAGES.replace("[1, 2", "[1, 2.5"), "depths = 2.5: give a whole number"),
        (STAGES.replace("32", "many"), "widths = many: is not a number"),
        (STAGES.replace("32", ".inf"), "widths = inf: give a finite number"),
        (STAGES + "resolution: .nan", "resolution = nan: give a finite number"),
        (STAGES.replace("32", "1e20"), "stage 1: width 1e.20: give a whole number from 1 to 1e.12"),
        (LINE + "block: R", "group_width = 16: block R has no groups"),
        (STAGES + "block: Q", "block = Q is not known"),
        (STAGES + "kernels: 4", "kernels = .*: give an odd number"),
        (STAGES + "resolution: 16", r"resolution = 16: stage 4 has stride 2 but an input of 1×1 pixels; .* from 17"),
        (STAGES + "bottleneck_ratios: 3", "stage 1: width 32 / bottleneck ratio 3 = 10.6667 channels"),
        ("extends: RegNetX-401MF", "network RegNetX-401MF is not known"),
        ("extends: mine.yaml", "extends itself"),
        ("extends: other.yaml", "other.yaml: there is no such file"),
        ("- 1", "is not a mapping"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, load) -> None:
    """File, key or stage, value, and what is allowed; one line."""
    with pytest.raises(DsdError, match=message) as caught:
        load(text)
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_files_that_extend_each_other_are_refused(load, tmp_path: Path) -> None:
    """And the message says by way of which."""
    (tmp_path / "other.yaml").write_text("extends: mine.yaml")
    with pytest.raises(DsdError, match=r"extends itself through other\.yaml"):
        load("extends: other.yaml")


@pytest.mark.parametrize("written", ["1e99999999", "1e400", "1/0", "9" * 40])
@pytest.mark.parametrize("key", ["group_widths", "resolution"])
def test_numbers_without_end_are_refused_at_once(key: str, written: str, load) -> None:
    """As text, where fractions such as 1/6 are allowed."""
    with pytest.raises(DsdError, match=f"{key} = .*: is not a number"):
        load(
            f"depths: [1, 1]\nwidths: [8, 16]\ngroup_widths: 8\n{key}: '{written}'\n".replace("group_widths: 8\ng", "g")
        )
