"""The error that a user can mend."""


class DsdError(Exception):
    """Bad input or a failure the user can act on; its message is one line.

    It names the place, the value, what is allowed and the remedy. The command line prints it as it is.
    """


def known(names: object) -> str:
    """The names an error message offers, sorted and separated by commas.

    >>> known({"local": 1, "debug": 2})
    'debug, local'
    """
    return ", ".join(sorted(map(str, names)))  # type: ignore[call-overload]
