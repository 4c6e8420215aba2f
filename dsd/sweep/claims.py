"""Claims: who executes a run right now, as the operating system knows it.

A worker holds a lock on one byte of the file `jobs/claims`, at an offset that is the run's key. The kernel drops it
when the process ends, however it ends, so there is no stale claim, and no run is executed twice at a time.
"""

import errno
import fcntl
import logging
import os
import struct
import sys
from pathlib import Path

log = logging.getLogger(__name__)

# struct flock: order of its fields, and where l_type stands in it
FLOCK, TYPE = ("qqihh", 3) if sys.platform == "darwin" else ("hhqqi4x", 0)


class Claims:
    """Claims on the runs of one sweep; one object a process at a time, for closing one drops all (POSIX)."""

    def __init__(self, folder: Path) -> None:
        path = folder / "jobs" / "claims"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def take(self, run: str) -> bool:
        """Claim a run; False where another process holds it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(run))
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            log.warning("this file system has no locks (%s); two workers may take the same run", error)
        return True

    def release(self, run: str) -> None:
        """Give a run back."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _offset(run))

    def held(self, run: str) -> bool:
        """Whether another process executes the run at this moment."""
        start, length = _offset(run), 1
        fields = (start, length, 0, fcntl.F_WRLCK, os.SEEK_SET)
        if TYPE == 0:
            fields = (fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
        answer = fcntl.fcntl(self._file, fcntl.F_GETLK, struct.pack(FLOCK, *fields))
        return bool(struct.unpack(FLOCK, answer)[TYPE] != fcntl.F_UNLCK)

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)  # gives everything back


def _offset(run: str) -> int:
    return int(run[1:16], 16)  # 60 bits: offsets are signed
