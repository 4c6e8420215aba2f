"""Which code runs: a copy of the package in the sweep's folder, made at the launch, whatever is edited since."""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dsd.io.files import permitted
from dsd.paths import PACKAGE

CODE = Path("jobs") / "code"
CODE_FILES = (".py", ".pyi", ".gz")  # stubs name what a package loads lazily; the digits are a .gz


def take_snapshot(folder: Path) -> Path:
    """The folder below that of a sweep from which its jobs import dsd; one for each state of the code."""
    files = {
        path.relative_to(PACKAGE): path.read_bytes()
        for path in sorted(PACKAGE.rglob("*.*"))
        if path.suffix in CODE_FILES
    }
    state = hashlib.sha256()
    for name, content in files.items():
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    place = folder.resolve() / CODE / state.hexdigest()[:12]
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
    try:
        for name, content in files.items():
            path = beside / "dsd" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        beside.chmod(permitted(0o777))
        beside.rename(place)
    except BaseException as error:
        shutil.rmtree(beside, ignore_errors=True)
        if isinstance(error, OSError) and place.is_dir():  # another launch was faster
            return place
        raise
    return place


def imports_from(place: Path) -> list[str]:
    """Commands of a shell after which Python imports dsd from a snapshot, and not from the folder where it starts."""
    path = f"{shlex.quote(str(place))}${{PYTHONPATH:+:$PYTHONPATH}}"
    return [f"export PYTHONPATH={path} PYTHONSAFEPATH=1"]


@contextmanager
def importing_from(place: Path) -> Iterator[None]:
    """Let processes started here import dsd from a snapshot."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(place), before.get("PYTHONPATH"))))
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
            os.environ.pop(name)
            os.environ.update({name: before[name]} if name in before else {})


def git_state() -> dict[str, Any]:
    """Commit of the checkout that dsd runs from, and whether it has changes; empty outside a checkout."""
    root = PACKAGE.parent
    if not (root / ".git").exists() or not shutil.which("git"):
        return {}

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False).stdout

    return {"commit": git("rev-parse", "HEAD").strip(), "dirty": bool(git("status", "--porcelain").strip())}


def commit_here() -> str:
    """The commit that dsd runs from, with `-dirty` where files have changed; "" outside a checkout."""
    state = git_state()
    return f"{state['commit']}{'-dirty' if state['dirty'] else ''}" if state else ""
