"""What a command says to people; other output, such as tables and JSON, goes to standard output as it is."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from dsd.texts import printable

STDOUT = "standard output"


@contextmanager
def printing() -> Iterator[None]:
    """Name standard output in the error where it does not take what is printed."""
    try:
        yield
    except BrokenPipeError:  # nobody reads on
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), STDOUT) from error


def emit(text: str, nl: bool = True) -> None:
    """Print a table or a document on standard output: as it is, but for control characters on a terminal."""
    with printing():
        click.echo(printable(text, lines=True) if sys.stdout.isatty() else text, nl=nl)


def say(text: object, err: bool = False) -> None:
    """Print a line or more; control characters of names and messages are written out."""
    with suppress(OSError) if err else printing():
        click.echo(printable(str(text), lines=True), err=err)


class Notes(logging.Handler):
    """Prints what the library logs on standard error, one line a note."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one note."""
        say(record.getMessage(), err=True)


def open_streams() -> None:
    """Make standard streams usable: a closed one takes no file's place, and any name of a file can be printed.

    What is written to a closed standard output raises an error; what is said on a closed standard error is lost.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number: this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  as long as the process
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  writing to it fails: it is open for reading
    elif sys.stdout.encoding.lower() == "utf-8" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="surrogateescape")
