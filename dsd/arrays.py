"""Types of arrays, and the one fit, that several stages use."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Columns = dict[str, Any]  # arrays (n,) or (n, s), or what gives them by row


def nonnegative_fit(terms: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The least-squares coefficients (k,) of terms (n, k), none of them negative, and the norm of what remains."""
    from scipy.optimize import nnls

    scale = np.linalg.norm(terms, axis=0)
    found, residual = nnls(terms / scale, y)
    return found / scale, float(residual)
