"""Array types and the non-negative fit that several packages share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Columns = dict[str, Any]  # arrays (n,) or (n, s), or objects that return them when indexed by rows


def nonnegative_fit(terms: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Fit non-negative least squares: coefficients (k,) of terms (n, k), and the norm of the residual."""
    from scipy.optimize import nnls

    scale = np.linalg.norm(terms, axis=0)
    coefficients, residual = nnls(terms / scale, y)
    return coefficients / scale, float(residual)
