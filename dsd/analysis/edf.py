"""The error empirical distribution function."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def edf(errors: ArrayLike, at: ArrayLike) -> NDArray[np.float64]:
    """F(e) = (1/n) Σ 1[e_i < e], the fraction of networks with less error ([DDS] Eq. 1; strictly less).

    Args:
        errors: (n,) errors of a population [%]; n ≥ 1, no NaN
        at: (m,) where to evaluate F [%]

    Returns:
        (m,) values from 0 to 1

    >>> edf([30.0, 40.0, 40.0, 50.0], at=[30, 40, 41, 60])
    array([0.  , 0.25, 0.75, 1.  ])
    """
    values = checked(errors)
    return np.searchsorted(np.sort(values), np.asarray(at, float), side="left") / len(values)


def checked(errors: ArrayLike) -> NDArray[np.float64]:
    """Errors (n,) as floats; ValueError where there are none or one is NaN."""
    values = np.asarray(errors, float)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"errors has shape {values.shape}; give a vector of at least one error")
    if np.isnan(values).any():
        raise ValueError("errors holds NaN; leave out runs without a result, and say how many they are")
    return values
