"""Files that appear whole or not at all, and what their endings say."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

TABLES = (".csv", ".jsonl", ".parquet")
YAML = (".yaml", ".yml")


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file beside `path` and rename it: readers see the old one or all of the new one, never a part.

    A link stays, and what it points to is replaced; a pipe or a device is written to. The file's mode is that of the
    one it replaces, or what the umask leaves. Two writers at a time do not disturb each other; the later one wins. A
    failure leaves nothing behind, and its error names `path`.
    """
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                file.write(data)
            return
        replace_whole(target, data)
    except OSError as error:
        raise named(error, path) from error


def replace_whole(target: Path, data: bytes) -> None:
    """Write a file beside `target`, which is no link, and rename it."""
    number, name = tempfile.mkstemp(prefix=".dsd-", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode_of(target))
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def mode_of(path: Path) -> int:
    """The mode of a file, or that of a new one."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    return permitted(0o666)


def permitted(mode: int) -> int:
    """What the umask leaves of a mode; what Python makes for the time being is the user's alone."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mode & ~mask


def named(error: OSError, path: Path) -> OSError:
    """The error, of a file that its user knows."""
    if error.errno is None:
        return error
    return type(error)(error.errno, error.strerror or str(error), str(path))
