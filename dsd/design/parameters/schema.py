"""Read and check one parameter of a space file: its distribution, in full or in shorthand.

Shorthand: a number is a fixed value, a list holds equally likely values, a name is the parameter whose value it takes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.design.parameters.distributions import DISTRIBUTION_KEYS, DISTRIBUTIONS, Distribution
from dsd.errors import DsdError, known

LOWEST, HIGHEST = 1e-9, 1e5  # range of values: positive
LONGEST = 1_000_000  # values of a distribution: its table fits in memory


@dataclass
class DistributionSchema:
    """Keys of a parameter: a distribution of DISTRIBUTIONS with its keys, or `same_as` another parameter."""

    distribution: str | None = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    count: int | None = None
    values: list[float] | None = None
    weights: list[float] | None = None
    same_as: str | None = None


def from_shorthand(written: Any) -> Any:
    """Expand the shorthand of a parameter to a mapping; the schema checks anything else.

    >>> from_shorthand(20), from_shorthand("w_0"), from_shorthand("1/2")
    ({'distribution': 'values', 'values': [20]}, {'same_as': 'w_0'}, {'distribution': 'values', 'values': [0.5]})
    """
    written = with_fractions(written)
    if isinstance(written, str):
        return {"same_as": written}
    if isinstance(written, int | float) and not isinstance(written, bool):
        return {"distribution": "values", "values": [written]}
    return {"distribution": "values", "values": written} if isinstance(written, list) else written


def with_fractions(written: Any) -> Any:
    """Replace fractions such as "1/2" by numbers, also inside a list or a mapping."""
    if isinstance(written, dict):
        return {key: with_fractions(value) for key, value in written.items()}
    if isinstance(written, list):
        return [with_fractions(value) for value in written]
    match = re.fullmatch(r"(\d+) */ *(\d+)", written) if isinstance(written, str) else None
    return int(match[1]) / int(match[2]) if match and int(match[2]) else written


def replaces(written: dict[str, Any]) -> bool:
    """Whether a parameter states a new distribution, not only some keys of the one it extends."""
    return "distribution" in written or "same_as" in written


def whole(table: NDArray[Any]) -> bool:
    """Whether all values are whole numbers."""
    return bool((table % 1 == 0).all())


def whole_ratio(table: NDArray[Any]) -> bool:
    """Whether each value or its reciprocal is a whole number."""
    return bool(((table % 1 == 0) | (1 / table % 1 == 0)).all())


# check of a parameter's values, and its wording in messages
ALLOWED: dict[str, tuple[Callable[[NDArray[Any]], bool], str]] = {
    "depth": (whole, "whole numbers"),
    "width": (whole, "whole numbers"),
    "group_width": (whole, "whole numbers"),
    "groups": (whole, "whole numbers"),
    "resolution": (whole, "whole numbers"),
    "bottleneck_ratio": (whole_ratio, "whole numbers, or one over a whole number"),
    "w_m": (lambda table: bool((table > 1).all()), "above 1"),
    "weight_decay": (lambda table: bool((table < 1).all()), "below 1"),
}


def distribution_of(place: str, key: str, spec: dict[str, Any]) -> Distribution:
    """Build the distribution of a parameter from its part of the file, and check that its values are allowed."""
    distribution = spec["distribution"]
    if distribution not in DISTRIBUTIONS:
        raise DsdError(
            f"{place}: {key}.distribution = {distribution} is not known; choose one of: {known(DISTRIBUTIONS)}"
        )
    keys = DISTRIBUTION_KEYS[distribution]
    given = {
        f.name: spec[f.name]
        for f in fields(DistributionSchema)
        if spec[f.name] is not None and f.name != "distribution"
    }
    for name in given:
        if name not in keys:
            raise DsdError(
                f"{place}: {key}.{name} is not a key of the distribution {distribution}; give: {known(keys)}"
            )
    for name in keys:
        if name not in given and name != "weights":
            raise DsdError(f"{place}: {key}.{name} is missing; the distribution {distribution} needs: {known(keys)}")
    (check_values if distribution == "values" else check_range)(place, key, distribution, given)
    built = DISTRIBUTIONS[distribution](**given)
    allowed, words = ALLOWED.get(key, (lambda table: True, ""))
    if not allowed(built.values):
        raise DsdError(f"{place}: {key}: values from {built.values[0]:g} to {built.values[-1]:g} must be {words}")
    return built


def check_values(place: str, key: str, distribution: str, given: dict[str, Any]) -> None:
    """Reject lists that are empty, repeat values or leave the range, and weights that do not match."""
    table, weights = given["values"], given.get("weights")
    numbers = all(isinstance(value, int | float) and LOWEST <= value <= HIGHEST for value in table)
    if not table or not numbers or len(set(table)) < len(table):
        raise DsdError(f"{place}: {key}.values = {table}: give distinct numbers above 0, up to {HIGHEST:g}")
    positive = weights is None or all(isinstance(weight, int | float) and 0 < weight < np.inf for weight in weights)
    if weights is not None and (len(weights) != len(table) or not positive):
        raise DsdError(f"{place}: {key}.weights = {weights}: give a positive weight for each of {len(table)} values")


def check_range(place: str, key: str, distribution: str, given: dict[str, Any]) -> None:
    """Reject a reversed range, and ends that are not on the distribution's grid."""
    low, high = given["low"], given["high"]
    if not LOWEST <= low <= high <= HIGHEST:
        raise DsdError(f"{place}: {key}: low = {low:g} and high = {high:g}: give 0 < low <= high <= {HIGHEST:g}")
    ends = (("low", low), ("high", high))
    if distribution == "powers_of_two":
        for end, value in ends:
            if not np.log2(value).is_integer():
                raise DsdError(f"{place}: {key}.{end} = {value:g} is not a power of two")
    elif distribution == "log_spaced":
        for end, value in ends:
            if value % 1:
                raise DsdError(f"{place}: {key}.{end} = {value:g} is not a whole number")
        if not 2 <= given["count"] <= high - low + 1 or DISTRIBUTIONS[distribution](**given).values[-1] != high:
            raise DsdError(f"{place}: {key}.count = {given['count']}: give at least 2, far below {high - low + 1:g}")
    else:
        check_step(place, key, given["step"], ends)


def check_step(place: str, key: str, step: float, ends: tuple[tuple[str, float], ...]) -> None:
    """Reject a step that is not positive or gives too many values, and ends that are not multiples of it."""
    if not LOWEST <= step <= HIGHEST or (ends[1][1] - ends[0][1]) / step > LONGEST:
        raise DsdError(f"{place}: {key}.step = {step:g}: give a positive step with at most {LONGEST:,} values")
    for end, value in ends:
        if abs(value / step - round(value / step)) > 1e-6:
            raise DsdError(f"{place}: {key}.{end} = {value:g} is not a multiple of {key}.step = {step:g}")
