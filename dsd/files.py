"""Files that appear whole or not at all, and what their endings say."""

import os
import tempfile
from pathlib import Path

TABLES = (".csv", ".jsonl", ".parquet")
YAML = (".yaml", ".yml")


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file beside `path` and rename it: readers see the old one or all of the new one, never a part.

    Two writers at a time do not disturb each other; the later one wins. A failure leaves nothing behind.
    """
    data = content.encode() if isinstance(content, str) else content
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
