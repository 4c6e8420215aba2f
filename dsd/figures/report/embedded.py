"""The rows of all populations for the page's script: numeric columns in base64, texts in JSON.

A page of 100,000 rows must open, so each column has the smallest type that stores its values exactly.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.analysis.results.populations import Results
from dsd.figures.style import COLOURS, LINES

TYPES = {"int8": "Int8Array", "int16": "Int16Array", "int32": "Int32Array", "float32": "Float32Array"}
EXACT = "Float64Array"


def encoded(values: NDArray[np.float64]) -> dict[str, str]:
    """Encode a numeric column (n,), NaN for missing values, in the smallest type that stores it exactly."""
    for dtype, name in TYPES.items():
        whole = dtype.startswith("int")
        if whole and (not np.isfinite(values).all() or np.abs(values).max(initial=0) > np.iinfo(dtype).max):
            continue
        with np.errstate(over="ignore"):  # a value that overflows is then not equal
            small = values.astype(dtype)
        if np.array_equal(small.astype(np.float64), values, equal_nan=not whole):
            return {"type": name, "data": as_base64(small)}
    return {"type": EXACT, "data": as_base64(values)}


def as_base64(values: NDArray[Any]) -> str:
    """The little-endian bytes of an array in base64."""
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()


def page_data(populations: Sequence[Results], columns: Sequence[str]) -> dict[str, Any]:
    """The data of the script: names and colours of populations, and each row's population, error, parameters and name.

    Args:
        columns: numeric columns for which the page offers a range
    """
    shown = [results for results in populations if len(results)]
    frame = pd.concat([results.frame for results in shown], ignore_index=True) if shown else pd.DataFrame({"error": []})
    of = np.repeat(np.arange(len(shown)), [len(results) for results in shown])
    named = next((name for name in ("key", "run") if name in frame), None)
    return {
        "populations": [
            {
                "name": results.name,
                "lacking": results.missing_note,
                "weighted": results.stratified,
                "color": COLOURS[i % len(COLOURS)],
                "dash": {"-": "", "--": "7 4", "-.": "7 3 2 3", ":": "2 3"}[LINES[i // len(COLOURS) % len(LINES)]],
            }
            for i, results in enumerate(shown)
        ],
        "rows": len(frame),
        "of": encoded(of.astype(float)),
        "error": encoded(frame["error"].to_numpy(float)),
        **weights_in(shown),
        "columns": {name: encoded(numbers_of(frame[name])) for name in columns if name in frame},
        "names": frame[named].astype(str).tolist() if named else [],
    }


def weights_in(populations: Sequence[Results]) -> dict[str, Any]:
    """The weights of all rows, if a population is stratified."""
    if not any(results.stratified for results in populations):
        return {}
    return {"weight": encoded(np.concatenate([results.weights for results in populations]))}


def numbers_of(column: pd.Series) -> NDArray[np.float64]:
    """A column (n,) as floats, NaN for anything that is not a number."""
    values: NDArray[np.float64] = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    return values


def as_script(content: dict[str, Any]) -> str:
    """Serialise to JSON that is safe inside a script element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
