"""Linear constraints between the drawn parameters of a space, such as `d1 + d2 + d3 + d4 <= 40`."""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsd.errors import DsdError, known

TOLERANCE = 1e-12  # relative to the sum of magnitudes: values such as 2.31 are not exact in binary
LARGEST = 1e15  # largest number in a constraint
OPERATORS = {ast.LtE: "<=", ast.GtE: ">=", ast.Lt: "<", ast.Gt: ">", ast.Eq: "=="}
Terms = dict[str, float]  # coefficient by parameter; the constant has the key ""


@dataclass(frozen=True)
class Constraint:
    """Σ coefficient · parameter + constant, compared with 0.

    text: as written; a chain such as `12 <= depth <= 28` gives one constraint per relation
    """

    text: str
    terms: tuple[tuple[str, float], ...]
    constant: float
    operator: str

    @property
    def names(self) -> set[str]:
        """The parameters in the constraint."""
        return {name for name, _ in self.terms}

    def holds(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Mask (n,) of the settings (columns (n,) by parameter) that satisfy the constraint."""
        terms = [coefficient * np.asarray(columns[name], np.float64) for name, coefficient in self.terms]
        value = sum(terms) + self.constant
        tolerance = TOLERANCE * (sum(np.abs(term) for term in terms) + abs(self.constant))
        compared: dict[str, Any] = {
            "<=": value <= tolerance,
            ">=": value >= -tolerance,
            "<": value < -tolerance,
            ">": value > tolerance,
            "==": np.abs(value) <= tolerance,
        }
        return np.asarray(compared[self.operator])


def parse_constraint(text: str, names: Collection[str], place: str) -> list[Constraint]:
    """Parse the constraints of one line.

    >>> [c.terms for c in parse_constraint("2*w_0 <= w_a", ["w_0", "w_a"], "mine.yaml")]
    [(('w_0', 2.0), ('w_a', -1.0))]

    Raises:
        DsdError: not a comparison of sums, or a name that is not a parameter; names `place`
    """
    try:
        comparison = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DsdError(f"{place}: {text!r} is not a constraint; write one like d1 + d2 <= 2*d3") from error
    if not isinstance(comparison, ast.Compare) or any(type(op) not in OPERATORS for op in comparison.ops):
        raise DsdError(f"{place}: {text!r} is not a comparison; use one of: {known(OPERATORS.values())}")
    sides = [linear(side, text, names, place) for side in (comparison.left, *comparison.comparators)]
    constraints = []
    for left, op, right in zip(sides, comparison.ops, sides[1:], strict=False):
        terms = added(left, right, -1)
        constant = terms.pop("", 0.0)
        terms = {name: coefficient for name, coefficient in terms.items() if coefficient}
        if not terms:
            raise DsdError(f"{place}: {text!r} contains no parameter; choose from: {known(names)}")
        constraints.append(Constraint(text, tuple(terms.items()), constant, OPERATORS[type(op)]))
    return constraints


def added(left: Terms, right: Terms, factor: float) -> Terms:
    """Return left + factor · right."""
    return {name: left.get(name, 0.0) + factor * right.get(name, 0.0) for name in (*left, *right)}


def linear(node: ast.expr, text: str, names: Collection[str], place: str) -> Terms:
    """Collect the terms of a sum of parameters with numeric factors."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and abs(value) < LARGEST:
            return {"": float(value)}
        case ast.Name(id=name):
            if name not in names:
                raise DsdError(f"{place}: {text!r}: {name} is not a parameter; choose from: {known(names)}")
            return {name: 1.0}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            return added({}, linear(operand, text, names, place), -1 if isinstance(op, ast.USub) else 1)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            factor = 1 if isinstance(op, ast.Add) else -1
            return added(linear(left, text, names, place), linear(right, text, names, place), factor)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            first, second = linear(left, text, names, place), linear(right, text, names, place)
            if isinstance(op, ast.Mult) and set(first) == {""}:
                first, second = second, first
            if set(second) == {""} and (isinstance(op, ast.Mult) or second[""]):
                return added({}, first, second[""] if isinstance(op, ast.Mult) else 1 / second[""])
    raise DsdError(f"{place}: {text!r} is not linear; write a sum of parameters with numeric factors")
