"""The surrogate: a ridge regression of error on features, with one intercept per population and common slopes.

It minimises Σ_k Σ_i (e_i − α_k − βᵀx_i)² / s_k² + λ |β|². s_k² is the sample variance of error in population k, at
least 1 % of that of the median population, and each feature is scaled to unit standard deviation within populations.
Leave-one-out residuals are exact and need no refit: e_i − m₋ᵢ(x_i) = r_i / (1 − h_i), with the leverage h_i. Their sum
of squares chooses λ from a fixed grid, which ends in λ = ∞: then the surrogate is the mean of each population, and
adjusted estimates equal the plain ones. Everything is deterministic. Ridge: Hoerl and Kennard 1970; leave-one-out:
Allen 1974 (PRESS). Shape letters: K populations, n networks of all of them, p features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsd.arrays import Floats

VERSION = "ridge-1"  # changes with any change of the features or of the fit
LEAST_VARIANCE = 0.01  # of the median population: one with nearly equal errors does not decide for all
PENALTIES = (*np.geomspace(1e-4, 1e4, 33), np.inf)


@dataclass(frozen=True)
class Surrogate:
    """A fitted surrogate.

    slopes: (p,) β
    centres: (K, p) mean features of the trained networks of each population
    means: (K,) their mean error
    left_out: K arrays (n_k,), the predictions m₋ᵢ(x_i) for trained networks, each from all others
    penalty: λ
    """

    slopes: Floats
    centres: Floats
    means: Floats
    left_out: list[Floats]
    penalty: float

    def predict(self, k: int, features: Floats) -> Floats:
        """Predict the errors (N,) of networks of population k from their features (N, p)."""
        prediction: Floats = self.means[k] + (features - self.centres[k]) @ self.slopes
        return prediction


def fit_surrogate(features: Sequence[Floats], errors: Sequence[Floats]) -> Surrogate:
    """Fit the surrogate to the trained networks of K populations.

    Args:
        features: K arrays (n_k, p), finite
        errors: K arrays (n_k,), n_k ≥ 2
    """
    sizes = [len(e) for e in errors]
    group = np.repeat(np.arange(len(sizes)), sizes)
    variances = np.array([e.var(ddof=1) for e in errors])
    least = LEAST_VARIANCE * float(np.median(variances[variances > 0])) if (variances > 0).any() else 0.0
    weights = np.divide(1.0, np.maximum(variances, least), out=np.zeros_like(variances), where=variances > 0)
    means = np.array([e.mean() for e in errors])
    centres = np.stack([x.mean(axis=0) for x in features])
    x = np.concatenate(features) - centres[group]
    spread = np.sqrt((x**2).sum(axis=0) / max(len(x) - len(sizes), 1))
    varying = spread > 1e-9 * np.abs(np.concatenate(features)).max(axis=0, initial=0)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=varying)
    root = np.sqrt(weights)[group]
    x, y = x * scale * root[:, None], (np.concatenate(errors) - means[group]) * root
    eigenvalues, directions = np.linalg.eigh(x.T @ x / len(x))
    along = x @ directions
    projected, squared = along.T @ y / len(x), along**2
    best = (np.inf, np.inf, y, np.zeros_like(projected))
    for penalty in PENALTIES:
        shrunk = 1 / (np.maximum(eigenvalues, 0) + penalty)
        leverage = 1 / np.array(sizes)[group] + squared @ shrunk / len(x)
        residual = (y - along @ (projected * shrunk)) / np.maximum(1 - leverage, 1e-6)
        press = float(residual @ residual)
        if press < best[0] * (1 - 1e-9):
            best = (press, float(penalty), residual, shrunk)
    _, penalty, residual, shrunk = best
    constant = root == 0  # a population whose errors are all equal is its own prediction
    left_out = np.concatenate(errors) - np.divide(residual, root, out=np.zeros_like(root), where=~constant)
    return Surrogate(
        slopes=scale * (directions @ (projected * shrunk)),
        centres=centres,
        means=means,
        left_out=np.split(left_out, np.cumsum(sizes)[:-1]),
        penalty=penalty,
    )
