"""Texts that others wrote, on their way to a terminal or a picture."""

import hashlib
import re

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)  # terminals take the first for commands, the last turn the direction of what follows
LONGEST_NAME = 60  # characters of a name in a table or a legend


def printable(text: str, lines: bool = False) -> str:
    r"""A text with its control characters written out, so that a terminal shows them instead of obeying.

    Args:
        lines: whether line breaks stay what they are

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return CONTROL.sub(lambda match: match[0] if lines and match[0] == "\n" else escaped(match[0]), text)


def encodable(text: str) -> str:
    r"""A text that UTF-8 can hold: a half of a surrogate pair, as of a file name that is no UTF-8, as its escape.

    >>> encodable("caf\udce9")
    'caf\\udce9'
    """
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def escaped(character: str) -> str:
    """A character as its escape in a string literal."""
    return character.encode("unicode_escape").decode()


def short_name(text: object) -> str:
    """A name on one line; where it is too long, four digits of its hash stand for its middle: no two look alike.

    >>> short_name("x" * 99)
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…d062…xxxxxxxxxxxxxxxxxxxx'
    """
    name = printable(str(text))
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:4]
    return f"{name[:32]}…{digest}…{name[-20:]}"
