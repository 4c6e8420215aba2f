"""The command line. Thin: each command reads its arguments, calls the library, prints.

Each command imports the library modules that it needs, so that `dsd --help` and `dsd sample` start at once.
"""

import gc
import logging
import os
import sys

import click

from dsd._version import __version__
from dsd.cli.messages import STDOUT, Notes, open_streams, printing, say
from dsd.errors import LONGEST, DsdError, shortened

DISTRIBUTED_AS = {"PIL": "pillow", "hydra": "hydra-core", "yaml": "pyyaml"}  # where the import name differs
COMMANDS = {
    "spaces": "dsd.cli.design",
    "sample": "dsd.cli.design",
    "complexity": "dsd.cli.complexity",
    "time": "dsd.cli.time",
    "pack": "dsd.cli.pack",
    "train": "dsd.cli.train",
    "plan": "dsd.cli.plan",
    "launch": "dsd.cli.sweep",
    "status": "dsd.cli.sweep",
    "collect": "dsd.cli.sweep",
    "cancel": "dsd.cli.sweep",
    "import": "dsd.cli.importing",
    "fit": "dsd.cli.fit",
    "analyze": "dsd.cli.analysis",
    "report": "dsd.cli.report",
}


class Commands(click.Group):
    """A group that imports the module of a command only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        from importlib import import_module

        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[name]), {"import": "import_results"}.get(name, name))
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, message="%(prog)s %(version)s")
def dsd(debug: bool) -> None:
    """Populations of neural networks: draw them from design spaces, train them, compare them.

    \b
    dsd sample --space AnyNetX_C -n 500 -o c.csv   500 networks of 360–400 MF, one row each
    dsd launch demo                                train three small populations on this machine
    dsd report runs/demo                           compare them on one page
    """


def main() -> None:
    """Run a command. Bad input prints one line on standard error and exits with code 2."""
    gc.set_threshold(100_000)  # collecting garbage took 6 % of `dsd sample` (0.63 to 0.60 s, medians of 25)
    open_streams()
    notes = logging.getLogger("dsd")
    if not any(isinstance(handler, Notes) for handler in notes.handlers):
        notes.addHandler(Notes())
    debug = "--debug" in sys.argv[1:]
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    code: object = 0
    try:
        code = dsd.main(arguments, prog_name="dsd", standalone_mode=False)
        with printing():
            sys.stdout.flush()
    except (DsdError, click.ClickException) as error:
        if debug:
            raise
        code = refused(error)
    except click.Abort:
        code = 130
    except BrokenPipeError:  # `dsd sample … | head`: the reader has closed the pipe
        sys.stderr.close()
        code = 1
    except OSError as error:
        if debug:
            raise
        if {"--help", "-h", "--version"} & set(arguments) and error.filename is None:  # click prints these itself
            error = OSError(error.errno, error.strerror or str(error), STDOUT)
        code = failed(error)
    except ModuleNotFoundError as error:
        if debug or (error.name or "").startswith("dsd"):
            raise
        name = (error.name or "").partition(".")[0]
        say(f"dsd: this command needs the package {name}: pip install {DISTRIBUTED_AS.get(name, name)}", err=True)
        code = 2
    close_output()
    sys.exit(code if isinstance(code, int | None) else 0)


def refused(error: Exception) -> int:
    """Print in one line what is wrong with the input. Return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return 0
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "dsd"
    say(f"{command}: {shortened(' '.join(text.split()), LONGEST - len(command) - 2)}", err=True)
    return 2


def failed(error: OSError) -> int:
    """Print which file cannot be read or written, and why. Return the exit code."""
    name = error.filename2 or error.filename
    file = os.fsdecode(name) if isinstance(name, str | bytes) else "a file"
    say(f"dsd: {shortened(file, 300)}: {shortened(error.strerror or str(error), 300)}", err=True)
    return 1 if name == STDOUT else 2


def close_output() -> None:
    """Flush standard output. If that fails, discard the rest, so that Python prints no error at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
