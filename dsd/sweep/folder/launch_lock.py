"""A file lock that allows one launch per sweep at a time; the kernel releases it when its process ends."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)
LOCK = Path("jobs") / "launch.lock"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the launch lock of a sweep; wait while another launch holds it."""
    path = folder / LOCK
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as file:  # readable and writable: NFS requires both for shared and exclusive locks
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            log.warning("this file system has no locks (%s); launch one at a time", error)
        yield


def is_launching(folder: Path) -> bool:
    """Whether another process is launching this sweep."""
    try:
        with (folder / LOCK).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no launch yet, or no write permission
        return False
    return False
