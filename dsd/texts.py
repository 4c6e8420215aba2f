"""Make text from outside sources safe to print in a terminal or a figure."""

import hashlib
import re

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)  # the first are terminal commands, the last reverse the writing direction
LONGEST_NAME = 60  # characters of a name in a table or a legend


def printable(text: str, lines: bool = False) -> str:
    r"""Escape the control characters of a text, so that a terminal shows them and does not execute them.

    Args:
        lines: keep line breaks unescaped

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return CONTROL.sub(lambda match: match[0] if lines and match[0] == "\n" else escaped(match[0]), text)


def encodable(text: str) -> str:
    r"""Escape what UTF-8 cannot encode: lone surrogates, as in file names that are not UTF-8.

    >>> encodable("caf\udce9")
    'caf\\udce9'
    """
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def escaped(character: str) -> str:
    """Return the escape sequence of a character in a string literal."""
    return character.encode("unicode_escape").decode()


def short_name(text: object) -> str:
    """Print a name on one line; if it is too long, four hash digits replace its middle, so that names stay distinct.

    >>> short_name("x" * 99)
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…d062…xxxxxxxxxxxxxxxxxxxx'
    """
    name = printable(str(text))
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:4]
    return f"{name[:32]}…{digest}…{name[-20:]}"
