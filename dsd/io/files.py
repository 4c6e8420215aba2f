"""Atomic file writing, and the known file extensions."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

TABLES = (".csv", ".jsonl", ".parquet")
YAML = (".yaml", ".yml")


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file atomically: write a temporary file beside `path`, then rename it. Readers never see a partial file.

    A symbolic link stays and its target is replaced; a pipe or a device is written directly. The file keeps the mode of
    the one it replaces; a new file gets the mode that the umask permits. Concurrent writers do not interfere; the last
    one wins. A failure leaves no temporary file, and its error names `path`.
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
    except RuntimeError as error:  # pathlib's word for links that go round in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def replace_whole(target: Path, data: bytes) -> None:
    """Write a temporary file beside `target`, which is not a link, and rename it to `target`."""
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
    """Return the mode of a file, or of a new file if it does not exist."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    return permitted(0o666)


def permitted(mode: int) -> int:
    """Apply the umask to a mode; Python creates temporary files for their owner only."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mode & ~mask


def named(error: OSError, path: Path) -> OSError:
    """Return the error with `path`, the file that the user knows, instead of the temporary file."""
    if error.errno is None:
        return error
    return type(error)(error.errno, error.strerror or str(error), str(path))
