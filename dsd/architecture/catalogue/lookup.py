"""Look up networks by name or file."""

from pathlib import Path
from typing import Any

from dsd.architecture.catalogue.names import canonical
from dsd.architecture.catalogue.published_networks import NAMED
from dsd.architecture.complexities import Complexity, count_complexity
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.errors import DsdError
from dsd.io.files import YAML
from dsd.paths import as_path


def network(name: str | Path, resolution: int | None = None, classes: int | None = None) -> Network:
    """Return a published network by its name, or the network of a file.

    Args:
        name: RegNetX-200MF … 32GF, RegNetY-200MF … 32GF, ResNet-50, -101, -152, ResNeXt-50, -101, -152 (32×4d),
            EfficientNet-B0 … B5, ResNet-56, -110 ([NDS], 32×32); or a .yaml file (`dsd.architecture.catalogue.file`)
        resolution, classes: replace the network's own; None keeps it

    >>> network("regnety-4gf") == network("RegNetY-4.0GF")
    True

    Raises:
        DsdError: the name is unknown; the message lists similar ones
    """
    if as_path(name, "dsd.network takes a name such as 'RegNetX-400MF' or a .yaml file").suffix in YAML:
        from dsd.architecture.catalogue.file import load_network

        loaded = load_network(name)
    else:
        loaded = NAMED[canonical(str(name))]()
    return loaded.for_task(resolution, classes)


def as_network(given: Network | str | Path, place: str) -> Network:
    """Return a network; look it up if a name or file is given.

    Args:
        place: name of the calling function, for the error message

    Raises:
        DsdError: the name is unknown, or the value has another type
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
    """Compute flops, params and acts in closed form.

    flops are multiply-adds of convolutions and linear layers, plus one per output where a layer has a bias; params
    include batch norm and biases; acts are the output elements of all convolutions and linear layers ([DDS] §3.1).

    Args:
        given: a Network, its name or .yaml file; or Networks or a Population of n networks

    Returns:
        ints for one network, int64 arrays (n,) for n networks

    >>> complexity("RegNetX-400MF")
    Complexity(flops=397678568, params=5157512, acts=3143272)

    Raises:
        DsdError: the name is unknown, or the value has another type
    """
    networks = getattr(given, "networks", given)  # of a population
    if isinstance(networks, Networks):
        return count_complexity(networks)
    return count_complexity(as_network(given, "dsd.complexity"))
