"""Printing of messages, tables and JSON; control characters are escaped where a person reads them."""

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
    """Name standard output in errors raised by writing to it."""
    try:
        yield
    except BrokenPipeError:  # the reader has closed the pipe
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), STDOUT) from error


def emit(text: str, nl: bool = True) -> None:
    """Print a table or document on standard output; on a terminal, escape control characters."""
    with printing():
        click.echo(printable(text, lines=True) if sys.stdout.isatty() else text, nl=nl)


def say(text: object, err: bool = False) -> None:
    """Print one or more lines, with control characters escaped."""
    with suppress(OSError) if err else printing():
        click.echo(printable(str(text), lines=True), err=err)


class Notes(logging.Handler):
    """A handler that prints the library's log records on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one log record."""
        say(record.getMessage(), err=True)


def open_streams() -> None:
    """Make the standard streams usable: reserve the numbers of closed ones, and let any file name be printed.

    Writing to a closed standard output raises an error; messages on a closed standard error are lost.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number: this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  open until the process ends
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  opened for reading: writing fails
    elif sys.stdout.encoding.lower() == "utf-8" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="surrogateescape")
