"""The command line. Thin: each command reads its arguments, calls the library, prints.

Modules of the library are imported where a command needs them, so that `dsd --help` and `dsd sample` start at once.
"""

import gc
import sys

import click

from dsd.errors import DsdError

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
    """Imports the module of a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        from importlib import import_module

        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[name]), {"import": "import_results"}.get(name, name))
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="dsd", message="%(prog)s %(version)s")
def dsd(debug: bool) -> None:
    """Populations of neural networks: draw them from design spaces, train them, compare them.

    \b
    dsd sample --space AnyNetX_C -n 500 -o c.csv   500 networks of 360–400 MF, one row each
    dsd launch demo                                train three small populations on this machine
    dsd report runs/demo                           compare them on one page
    """


def main() -> None:
    """Run a command; bad input is one line on standard error and exit code 2."""
    gc.set_threshold(100_000)  # modules stay; collecting took 6 % of `dsd sample` (0.63 to 0.60 s, medians of 25)
    debug = "--debug" in sys.argv[1:]
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        sys.exit(dsd.main(arguments, prog_name="dsd", standalone_mode=False))
    except (DsdError, click.ClickException) as error:
        if debug:
            raise
        text = error.format_message() if isinstance(error, click.ClickException) else str(error)
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "dsd"
        click.echo(f"{command}: {' '.join(text.split())}", err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:  # `dsd sample … | head`: nobody reads on
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        if debug:
            raise
        click.echo(f"dsd: {error.filename2 or error.filename or 'a file'}: {error.strerror or error}", err=True)
        sys.exit(2)
