"""Claims: exclusive between processes, and gone with the process."""

import subprocess
import sys
from pathlib import Path

from dsd.sweep.claims import Claims

HOLD = """
import sys
from pathlib import Path
from dsd.sweep.claims import Claims
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
            assert claims.held(RUN)
            assert not claims.take(RUN)
            assert not claims.held(OTHER)
            assert claims.take(OTHER)
            holder.kill()
            holder.wait()
        assert not claims.held(RUN)
        assert claims.take(RUN)
        claims.release(RUN)
