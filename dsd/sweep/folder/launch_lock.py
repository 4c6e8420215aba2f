"""One launch of a sweep at a time, as the operating system knows it: a lock ends with the process that holds it."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)
LOCK = Path("jobs") / "launch.lock"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait for the other launch of this sweep, if there is one."""
    path = folder / LOCK
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as file:  # for reading, too: NFS asks for it where locks are shared
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            log.warning("this file system has no locks (%s); launch one at a time", error)
        yield


def is_launching(folder: Path) -> bool:
    """Whether a launch of this sweep is going on in another process."""
    try:
        with (folder / LOCK).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no launch yet, or somebody else's sweep
        return False
    return False
