"""What the shell completes: `eval "$(_DSD_COMPLETE=bash_source dsd)"`, or zsh_source, fish_source."""

import click
from click.shell_completion import CompletionItem

from dsd.paths import shipped


def complete_spaces(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of spaces/, after a comma of the next one; and files."""
    done, comma, start = incomplete.rpartition(",")
    names = sorted(path.stem for path in shipped("spaces").glob("*.yaml"))
    found = [CompletionItem(done + comma + name) for name in names if name.startswith(start)]
    return found or [CompletionItem(incomplete, type="file")]


def complete_networks(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Published names of networks, and files."""
    from dsd.architecture.catalogue.published_networks import NAMED

    start = incomplete.lower().replace("-", "")
    found = [CompletionItem(name) for name in NAMED if name.lower().replace("-", "").startswith(start)]
    return [*found, CompletionItem(incomplete, type="file")]


def complete_overrides(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The choices of experiments/: recipe=NAME, data=NAME, cluster=NAME."""
    found = [
        f"{group}={path.stem}"
        for group in ("recipe", "data", "cluster")
        for path in sorted((shipped("experiments") / group).glob("*.yaml"))
    ]
    return [CompletionItem(text) for text in found if text.startswith(incomplete)]


def complete_studies(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of experiments/study/, and files."""
    names = sorted(path.stem for path in (shipped("experiments") / "study").glob("*.yaml"))
    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]
