"""`--fail-if`: a condition over the estimates, such as `calibration_error.high > 0.05 and accuracy < 0.7`.

The condition is parsed as a Python expression and walked against the lists below; nothing is ever executed.

    truth   = comparison | truth and truth | truth or truth | not truth
    number  = literal | estimate[.value|.low|.high|.null_95] | number + - * / number | -number
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise

from engine.errors import UsageError
from engine.types import Estimate

MAX_CHARACTERS = 1_000
ATTRIBUTES = ("value", "low", "high", "null_95")

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SIGNS: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def parse(text: str) -> ast.expr:
    """The condition as a checked tree; UsageError says what is not part of the language."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"--fail-if: at most {MAX_CHARACTERS} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
        _check_truth(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(f"--fail-if: not an expression: {text!r}") from error
    return tree


def holds(condition: ast.expr, estimates: Mapping[str, Estimate]) -> bool:
    """Whether the condition is true of these estimates; UsageError where a name is unknown or has no value."""
    for node in ast.walk(condition):
        if isinstance(node, ast.Name) and node.id not in estimates:
            raise UsageError(f"--fail-if: no estimate {node.id!r}; there are: {', '.join(sorted(estimates))}")
    try:
        return _truth(condition, estimates)
    except ZeroDivisionError as error:
        raise UsageError("--fail-if: division by zero") from error


# ------------------------------------------------------------------ checking


def _check_truth(node: ast.expr) -> None:
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            _check_truth(part)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_truth(node.operand)
    elif isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
        for part in (node.left, *node.comparators):
            _check_number(part)
    else:
        raise UsageError(f"--fail-if: expected a comparison, found {ast.unparse(node)!r}")


def _check_number(node: ast.expr) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        _check_number(node.left)
        _check_number(node.right)
    elif isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
        _check_number(node.operand)
    elif not (_is_literal(node) or isinstance(node, ast.Name) or _is_attribute(node)):
        raise UsageError(f"--fail-if: expected a number or an estimate, found {ast.unparse(node)!r}")


def _is_literal(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return False
    return isinstance(node.value, int | float) and node.value < 1e300


def _is_attribute(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in ATTRIBUTES


# ------------------------------------------------------------------ evaluating


def _truth(node: ast.expr, estimates: Mapping[str, Estimate]) -> bool:
    if isinstance(node, ast.BoolOp):
        joined = all if isinstance(node.op, ast.And) else any
        return joined(_truth(part, estimates) for part in node.values)
    if isinstance(node, ast.UnaryOp):
        return not _truth(node.operand, estimates)
    assert isinstance(node, ast.Compare)
    numbers = [_number(part, estimates) for part in (node.left, *node.comparators)]
    pairs = zip(node.ops, pairwise(numbers), strict=True)
    return all(_COMPARISONS[type(op)](left, right) for op, (left, right) in pairs)


def _number(node: ast.expr, estimates: Mapping[str, Estimate]) -> float:
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        return float(node.value)
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](_number(node.left, estimates), _number(node.right, estimates))
    if isinstance(node, ast.UnaryOp):
        return _SIGNS[type(node.op)](_number(node.operand, estimates))
    return _look_up(node, estimates)


def _look_up(node: ast.expr, estimates: Mapping[str, Estimate]) -> float:
    attribute = "value"
    if isinstance(node, ast.Attribute):
        attribute, node = node.attr, node.value
    assert isinstance(node, ast.Name)
    found: float | None = getattr(estimates[node.id], attribute)
    if found is None:
        raise UsageError(f"--fail-if: {node.id}.{attribute} is null in this result")
    return float(found)
