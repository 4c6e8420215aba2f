"""Networks by name or file, wherever a network is asked for."""

from pathlib import Path
from typing import Any

from dsd.architecture.catalogue.names import canonical
from dsd.architecture.catalogue.published_networks import NAMED
from dsd.architecture.complexities import Complexity, count_complexity
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.errors import DsdError
from dsd.io.files import YAML


def network(name: str | Path, resolution: int | None = None, classes: int | None = None) -> Network:
    """A published network by its name, or that of a file.

    Args:
        name: RegNetX-200MF … 32GF, RegNetY-200MF … 32GF, ResNet-50, -101, -152, ResNeXt-50, -101, -152 (32×4d),
            EfficientNet-B0 … B5, ResNet-56, -110 ([NDS], 32×32); or a .yaml file (`dsd.architecture.catalogue.file`)
        resolution, classes: where they differ from the network's own

    >>> network("regnety-4gf") == network("RegNetY-4.0GF")
    True

    Raises:
        DsdError: the name is not known; the message lists near ones
    """
    if Path(name).suffix in YAML:
        from dsd.architecture.catalogue.file import load_network

        found = load_network(name)
    else:
        found = NAMED[canonical(str(name))]()
    return found.for_task(resolution, classes)


def as_network(given: Network | str | Path, place: str) -> Network:
    """A network, or that of a name or file.

    Args:
        place: the call that takes it, for its message

    Raises:
        DsdError: the name is not known, or the value is neither
    """
    if isinstance(given, str | Path):
        return network(given)
    if not isinstance(given, Network):
        raise DsdError(
            f"{place} takes a Network, or a name such as 'RegNetX-400MF' or a .yaml file, not {type(given).__name__}; "
            "dsd.network(name) gives a Network, population[0] the first of a population"
        )
    return given


def complexity(given: Any) -> Complexity:
    """flops, params and acts in closed form.

    flops are multiply-adds of convolutions and linear layers, plus one per output where a layer has a bias; params
    include batch norm and biases; acts are the output elements of all convolutions and linear layers ([DDS] §3.1).

    Args:
        given: a Network, or its name or .yaml file; or Networks or a Population of n

    Returns:
        ints of one network, int64 arrays (n,) of n

    >>> complexity("RegNetX-400MF")
    Complexity(flops=397678568, params=5157512, acts=3143272)

    Raises:
        DsdError: the name is not known, or the value is none of these
    """
    networks = getattr(given, "networks", given)  # of a population
    if isinstance(networks, Networks):
        return count_complexity(networks)
    return count_complexity(as_network(given, "dsd.complexity"))
