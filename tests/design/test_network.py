"""Descriptions of networks: identity, rows, and what cannot be built."""

import pytest

from dsd import DsdError, Family, Network, load_space, network, sample
from dsd.design.named import regnet


@pytest.mark.parametrize("space", ["AnyNetX_A", "RegNetX_cifar"])
def test_a_row_of_a_table_is_the_network(space: str) -> None:
    """A population's row gives back the network, with the key the row states."""
    population = sample(load_space(space), 20)
    rows = population.frame.to_dict("records")
    assert [Network.from_row(row) for row in rows] == list(population)
    assert [net.key for net in population] == list(population.frame["key"])


def test_keys_tell_networks_apart() -> None:
    """Any difference in what is built is a difference in the key."""
    base = Network((1, 2), (16, 32), (1, 2), (8, 8), Family(strides=(1, 2)), 32, 10)
    others = [
        Network((2, 1), (16, 32), (1, 2), (8, 8), Family(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 48), (1, 2), (8, 8), Family(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 1), (8, 8), Family(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 4), Family(strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Family(strides=(2, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Family(stem="cifar", strides=(1, 2)), 32, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Family(strides=(1, 2)), 64, 10),
        Network((1, 2), (16, 32), (1, 2), (8, 8), Family(strides=(1, 2)), 32, 100),
    ]
    assert len({net.key for net in [base, *others]}) == 9


def test_keys_are_stable() -> None:
    """A key written into a table years ago still names the same network."""
    assert network("RegNetX-400MF").key == "nf778507db9c5c492"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (((1, 0), (8, 8), (1, 1), (8, 8)), "stage 2: depth 0"),
        (((1, 1), (8, 20), (1, 1), (8, 8)), "stage 2: 20 / 1 channels do not divide into groups of 8"),
        (((1,), (8, 8), (1, 1), (8, 8)), "2 stages"),
    ],
)
def test_what_cannot_be_built_is_refused(stages, message: str) -> None:
    """The error names the stage and the reason."""
    with pytest.raises(DsdError, match=message):
        Network(*stages, Family(strides=(2, 2)))


def test_unknown_blocks_and_names_list_the_known_ones() -> None:
    """A misspelt name is answered with the names there are."""
    with pytest.raises(DsdError, match="block = Z is not known; choose one of: R, V, VR, X, Y, basic, vanilla"):
        Family(block="Z")
    with pytest.raises(DsdError, match="RegNetX-400MF"):
        network("RegNetX-401MF")
    with pytest.raises(DsdError, match="do not form 4 stages"):
        regnet(1, 24, 24, 2.5, 1, 16)
