"""Claims: file locks that show which runs are being executed.

A worker locks one byte of the file `jobs/claims`, at an offset computed from the run's key. The kernel releases the
lock when the process ends, however it ends. So no claim is stale, and no two processes execute the same run.
"""

import errno
import fcntl
import logging
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

# struct flock: format of its fields, and index of l_type
FLOCK, TYPE = ("qqihh", 3) if sys.platform == "darwin" else ("hhqqi4x", 0)


class Claims:
    """Claims on the runs of one sweep; at most one object per process, because closing one releases all (POSIX)."""

    def __init__(self, folder: Path) -> None:
        path = _path(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    def take(self, run: str) -> bool:
        """Claim a run; return False if another process holds it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(run))
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            log.warning("this file system has no locks (%s); two workers can execute the same run", error)
        return True

    def release(self, run: str) -> None:
        """Release the claim on a run."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _offset(run))
        except OSError as error:
            log.warning("cannot release the claim on run %s: %s", run, error)

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)  # releases all claims


def held(folder: Path, runs: Iterable[str]) -> set[str]:
    """Return the runs that other processes are executing; empty if the file system has no locks."""
    try:
        file = os.open(_path(folder), os.O_RDONLY)
    except FileNotFoundError:
        return set()
    try:
        return {run for run in runs if _locked(file, _offset(run))}
    except OSError as error:
        log.warning("this file system has no locks (%s); running runs show as queued or lost", error)
        return set()
    finally:
        os.close(file)


def _locked(file: int, offset: int) -> bool:
    length, pid = 1, 0
    fields = (fcntl.F_WRLCK, os.SEEK_SET, offset, length, pid)
    if TYPE != 0:
        fields = (offset, length, pid, fcntl.F_WRLCK, os.SEEK_SET)
    answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(FLOCK, *fields))
    return bool(struct.unpack(FLOCK, answer)[TYPE] != fcntl.F_UNLCK)


def _path(folder: Path) -> Path:
    return folder / "jobs" / "claims"


def _offset(run: str) -> int:
    return int(run[1:16], 16)  # 60 bits: offsets are signed
