"""Shell completion: `eval "$(_DSD_COMPLETE=bash_source dsd)"`, or zsh_source, fish_source."""

import click
from click.shell_completion import CompletionItem

from dsd.paths import shipped


def complete_spaces(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete comma-separated names of spaces/; files if no name matches."""
    done, comma, start = incomplete.rpartition(",")
    names = sorted(path.stem for path in shipped("spaces").glob("*.yaml"))
    matches = [CompletionItem(done + comma + name) for name in names if name.startswith(start)]
    return matches or [CompletionItem(incomplete, type="file")]


def complete_networks(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete published names of networks, and files."""
    from dsd.architecture.catalogue.published_networks import NAMED

    start = incomplete.lower().replace("-", "")
    matches = [CompletionItem(name) for name in NAMED if name.lower().replace("-", "").startswith(start)]
    return [*matches, CompletionItem(incomplete, type="file")]


def complete_overrides(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the choices of experiments/: recipe=NAME, data=NAME, cluster=NAME."""
    matches = [
        f"{group}={path.stem}"
        for group in ("recipe", "data", "cluster")
        for path in sorted((shipped("experiments") / group).glob("*.yaml"))
    ]
    return [CompletionItem(text) for text in matches if text.startswith(incomplete)]


def complete_studies(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete names of experiments/study/; files if no name matches."""
    names = sorted(path.stem for path in (shipped("experiments") / "study").glob("*.yaml"))
    matches = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return matches or [CompletionItem(incomplete, type="file")]
