"""A network by its name or file."""

from pathlib import Path

from dsd.architecture.catalogue.names import canonical
from dsd.architecture.catalogue.published_networks import NAMED
from dsd.architecture.network import Network
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
