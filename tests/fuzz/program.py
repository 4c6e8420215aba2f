"""The program in this process, and how often and how long it is tried."""

import io
import os
import re
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, settings

from dsd.cli import main

CASES = int(os.environ.get("FUZZ_CASES", "60"))  # of each fuzzer; `make fuzz` takes 10,000
LIMIT_S = 20.0  # of processor time: a busy machine is no fault
HANG_S = 300.0  # of the clock
MOST = 2_500  # characters on standard error of a refusal, notes included

fuzzed = settings(
    max_examples=CASES,
    deadline=None,  # `answer` measures; a busy machine is no fault
    derandomize="FUZZ_CASES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def answer(*words: str | Path, allowed: tuple[int, ...] = (0, 2)) -> tuple[int, str, str]:
    """Run a command here; its exit code, and what it says on standard output and standard error.

    An exception that the program lets through is one of the test. A refusal says why, on one line beside its notes.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before, start = (sys.argv, sys.stdout, sys.stderr), (time.process_time(), time.monotonic())
    sys.argv, sys.stdout, sys.stderr = ["dsd", *map(str, words)], out, err
    try:
        main()
        raise AssertionError("the program did not exit")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    took, waited = time.process_time() - start[0], time.monotonic() - start[1]
    printed, said = (stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err))
    assert code in allowed, (words, code, said)
    assert took < LIMIT_S, (words, took)
    assert waited < HANG_S, (words, waited)
    assert "Traceback" not in said, said
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", said), said
    if code == 2:
        assert said.strip(), words
        assert len(said) <= MOST, said
    return code, printed, said
