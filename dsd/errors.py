"""The error that a user can fix."""

LONGEST = 1_000  # characters of a message, or of a text that it quotes


class DsdError(Exception):
    """Bad input or a failure the user can act on; its message is one line of at most 1,000 characters.

    The message names the place, the value, what is allowed and the remedy. The command line prints it unchanged.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))


def shortened(text: str, most: int = LONGEST) -> str:
    """Cut the middle out of a text that is too long: the start names the place, the end gives the remedy.

    >>> shortened("abcdefghijklm", 9)
    'abcde … m'
    """
    if len(text) <= most:
        return text
    end = (most - 3) // 4
    return f"{text[: most - 3 - end]} … {text[-end:]}"


def known(names: object) -> str:
    """Join the names that an error message lists as allowed, sorted and comma-separated.

    >>> known({"local": 1, "debug": 2})
    'debug, local'
    """
    return ", ".join(sorted(map(str, names)))  # type: ignore[call-overload]
