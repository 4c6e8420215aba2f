"""Claims: exclusive between processes, and gone with the process."""

import subprocess
import sys
from pathlib import Path

from dsd.sweep.folder.claims import Claims, held

HOLD = """
import sys
from pathlib import Path
from dsd.sweep.folder.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.take(sys.argv[2]), flush=True)
sys.stdin.read()
"""
RUN, OTHER = "r00000000000000a1", "rffffffffffffffff"


def test_a_claim_is_held_by_one_process_and_ends_with_it(tmp_path: Path) -> None:
    """While a process holds a run nobody else gets it; when it is killed the run is free at once."""
    with Claims(tmp_path) as claims:
        words = [sys.executable, "-c", HOLD, str(tmp_path), RUN]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "True\n"
            assert not claims.take(RUN)
            assert held(tmp_path, [RUN, OTHER]) == {RUN}
            holder.kill()
            holder.wait()
        assert held(tmp_path, [RUN, OTHER]) == set()
        assert claims.take(RUN)
        claims.release(RUN)


def test_a_file_system_without_locks_stops_nothing(tmp_path: Path, monkeypatch, caplog) -> None:
    """Claims then warn, every run can be taken, and nothing shows as held."""
    import fcntl

    def refuse(*words: object) -> None:
        raise OSError(37, "No locks available")

    with Claims(tmp_path) as claims:
        monkeypatch.setattr(fcntl, "lockf", refuse)
        monkeypatch.setattr(fcntl, "fcntl", refuse)
        assert claims.take(RUN)
        claims.release(RUN)
        assert held(tmp_path, [RUN]) == set()
    assert "no locks" in caplog.text


def test_nothing_is_held_where_nothing_was_claimed(tmp_path: Path) -> None:
    """Asking makes no file."""
    assert held(tmp_path, [RUN]) == set()
    assert list(tmp_path.iterdir()) == []
