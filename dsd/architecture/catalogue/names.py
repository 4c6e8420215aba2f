"""Names of published networks, in any spelling."""

import difflib
import re

from dsd.architecture.catalogue.published_networks import NAMED
from dsd.errors import DsdError, known

SHORT = {"r": "resnet", "x": "resnext", "en": "efficientnet"}  # names of the authors' configurations: R-50, EN-B0


def spelling(name: str) -> str:
    """Normalise the spelling of a name: case, separators, and 4GF for 4.0GF or 4000MF do not matter.

    Also accepts the names of timm (regnety_040), torchvision (regnet_y_1_6gf) and the authors' configurations (R-50).

    >>> {spelling(name) for name in ("RegNetY-4.0GF", "regnety 4gf", "REGNET_Y_4000MF", "regnet_y_4_0gf")}
    {'regnety4000mf'}
    """
    text = re.sub(r"^((?:resnext|x)\W*\d+)[\s_-]*\(?32[x×]4d\)?$", r"\1", name.strip().lower())
    text = re.sub(r"(?<=\d)[\s_-](?=\d)", ".", text)  # torchvision writes regnet_x_1_6gf
    text = re.sub(r"[\s_-]", "", re.sub(r"^(r|x|en)-", lambda match: SHORT[match[1]], text))
    text = re.sub(r"^(regnet[xy])0*(\d+)$", r"\g<1>\g<2>00mf", text)  # timm writes regnety_040
    regime = re.search(r"(\d+(?:\.\d+)?)([mg])f?$", text)
    if not regime:
        return text
    return f"{text[: regime.start()]}{float(regime[1]) * (1000 if regime[2] == 'g' else 1):g}mf"


SPELT = {spelling(name): name for name in NAMED}


def canonical(name: str) -> str:
    """Convert a name in any spelling to its published form.

    Raises:
        DsdError: the name is unknown; the message lists similar ones
    """
    spelt = spelling(name)
    if spelt in SPELT:
        return SPELT[spelt]
    near = difflib.get_close_matches(spelt, SPELT, n=4, cutoff=0.7)
    hint = f"similar names: {known(SPELT[n] for n in near)}" if near else "names start with RegNetX, ResNet, …"
    raise DsdError(f"network {name} is not known; {hint}; `dsd complexity --all` lists all, or give a .yaml file")
