"""Code snapshots: jobs run a copy of the package, made at the launch, so later edits do not affect them."""

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
CODE_FILES = (".py", ".pyi", ".gz")  # stubs list the lazy imports of a package; the digits data set is a .gz


def take_snapshot(folder: Path) -> Path:
    """Copy the package into a sweep's folder, once per version of the code; return the folder to import dsd from."""
    files = {
        path.relative_to(PACKAGE): path.read_bytes()
        for path in sorted(PACKAGE.rglob("*.*"))
        if path.suffix in CODE_FILES
    }
    state = hashlib.sha256()
    for name, content in files.items():
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    target = folder.resolve() / CODE / state.hexdigest()[:12]
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
    try:
        for name, content in files.items():
            path = beside / "dsd" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        beside.chmod(permitted(0o777))
        beside.rename(target)
    except BaseException as error:
        shutil.rmtree(beside, ignore_errors=True)
        if isinstance(error, OSError) and target.is_dir():  # another launch was faster
            return target
        raise
    return target


def imports_from(snapshot: Path) -> list[str]:
    """Return shell commands that make Python import dsd from a snapshot, not from the working directory."""
    path = f"{shlex.quote(str(snapshot))}${{PYTHONPATH:+:$PYTHONPATH}}"
    return [f"export PYTHONPATH={path} PYTHONSAFEPATH=1"]


@contextmanager
def importing_from(snapshot: Path) -> Iterator[None]:
    """Make processes that are started in this context import dsd from a snapshot."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(snapshot), before.get("PYTHONPATH"))))
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
            os.environ.pop(name)
            os.environ.update({name: before[name]} if name in before else {})


def git_state() -> dict[str, Any]:
    """Return the commit of the checkout that dsd runs from, and whether it has changes; empty outside a checkout."""
    root = PACKAGE.parent
    if not (root / ".git").exists() or not shutil.which("git"):
        return {}

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False).stdout

    return {"commit": git("rev-parse", "HEAD").strip(), "dirty": bool(git("status", "--porcelain").strip())}


def commit_here() -> str:
    """Return the commit that dsd runs from, with `-dirty` if files have changed; "" outside a checkout."""
    state = git_state()
    return f"{state['commit']}{'-dirty' if state['dirty'] else ''}" if state else ""
