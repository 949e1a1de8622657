"""Values of a source column, whatever their type, as numbers, texts, labels and times."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Values: TypeAlias = Any
"""A source column: an Arrow array, or a list of Python values where they are nested or of several types."""
Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

FINE, MISSING, NOT_A_NUMBER, NOT_FINITE, UNKNOWN = range(5)

MISSING_WORDS = ("", "null", "none", "na", "n/a", "-")

_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[+-]?\d+)?", re.IGNORECASE)
_LIKE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


def arrow(values: Values) -> pa.Array | None:
    """The column as one flat Arrow array, or None where its values are nested or of several types."""
    if isinstance(values, list):
        try:
            values = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, ValueError):
            return None
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return None if pa.types.is_nested(values.type) or pa.types.is_binary(values.type) else values


def objects(values: Values) -> list[Any]:
    """The column as Python values."""
    return values if isinstance(values, list) else values.to_pylist()


# ------------------------------------------------------------------ numbers


def numbers(values: Values, *, decimal_comma: bool = False, flags: bool = False) -> tuple[Floats, Codes]:
    """Each value as a finite float64, or NaN with a code that says why not.

    Texts that hold a number count as that number; a comma is a decimal sign where that is not ambiguous, and everywhere
    with `decimal_comma`. Truth values count as 1 and 0 only with `flags`. A list of one number is that number.
    """
    column = arrow(values)
    if column is not None and pa.types.is_boolean(column.type):
        column = column.cast(pa.float64()) if flags else None
    if column is not None and pa.types.is_string(column.type):
        written, column = column, _parsed(column, decimal_comma)
        if column is None:
            return _each_word(written, decimal_comma=decimal_comma, flags=flags)
    if column is not None and _is_numeric(column.type):
        return _finite(column)
    return _each(objects(values), decimal_comma=decimal_comma, flags=flags)


def _is_numeric(form: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(form) or pa.types.is_integer(form) or pa.types.is_null(form) or pa.types.is_decimal(form)
    )


def _finite(column: pa.Array) -> tuple[Floats, Codes]:
    floats = column.cast(pa.float64(), safe=False)
    result = np.array(floats.fill_null(0.0).to_numpy(zero_copy_only=False))
    if not floats.null_count and np.isfinite(result).all():
        return result, np.full(len(result), FINE, np.uint8)
    missing = floats.is_null().to_numpy(zero_copy_only=False)
    codes = np.where(missing, MISSING, np.where(np.isfinite(result), FINE, NOT_FINITE)).astype(np.uint8)
    result[codes != FINE] = np.nan
    return result, codes


def _parsed(texts: pa.Array, decimal_comma: bool) -> pa.Array | None:
    """All texts as numbers at once, or None if one of them needs a closer look."""
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(pc.utf8_lower(trimmed), pa.array(MISSING_WORDS))
    trimmed = pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)
    if decimal_comma:
        commas = pc.match_substring(trimmed, ",")
        plain = pc.replace_substring(pc.replace_substring(trimmed, ".", ""), ",", ".")
        trimmed = pc.if_else(commas, plain, trimmed)
    try:
        return trimmed.cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def _each(values: list[Any], *, decimal_comma: bool, flags: bool) -> tuple[Floats, Codes]:
    pairs = [number(value, decimal_comma=decimal_comma, flags=flags) for value in values]
    result = np.fromiter((value for value, _ in pairs), np.float64, len(pairs))
    return result, np.fromiter((code for _, code in pairs), np.uint8, len(pairs))


def _each_word(column: pa.Array, *, decimal_comma: bool, flags: bool) -> tuple[Floats, Codes]:
    """As `_each`, each distinct text once."""
    encoded = pc.dictionary_encode(column)
    found, codes = _each([*encoded.dictionary.to_pylist(), None], decimal_comma=decimal_comma, flags=flags)
    places = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return found[places], codes[places]


def number(value: Any, *, decimal_comma: bool = False, flags: bool = False) -> tuple[float, int]:
    """One value as `numbers` reads it: (number, FINE), else (NaN, why not)."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return math.nan, MISSING
    if isinstance(value, bool) and not flags:
        return math.nan, NOT_A_NUMBER
    if isinstance(value, str):
        return _number_in(value.strip(), decimal_comma, flags)
    try:
        result = float(value)
    except OverflowError:
        return math.nan, NOT_FINITE
    except (TypeError, ValueError):
        return math.nan, NOT_A_NUMBER
    return (result, FINE) if math.isfinite(result) else (math.nan, NOT_FINITE)


def _number_in(text: str, decimal_comma: bool, flags: bool) -> tuple[float, int]:
    if text.lower() in MISSING_WORDS:
        return math.nan, MISSING
    if flags and text.lower() in {"true", "false", "yes", "no"}:
        return float(text.lower() in {"true", "yes"}), FINE
    if _DECIMAL_COMMA.fullmatch(text) and (decimal_comma or not _LIKE_THOUSANDS.fullmatch(text)):
        text = text.replace(".", "").replace(",", ".")
    try:
        result = float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        result = None
    if result is None:
        return math.nan, NOT_A_NUMBER
    return (result, FINE) if math.isfinite(result) else (math.nan, NOT_FINITE)


# ------------------------------------------------------------------ texts


def texts(values: Values) -> pa.Array:
    """Each value as text; null stays null, numbers are written as in JSON, nested values as JSON."""
    column = arrow(values)
    if column is not None and pa.types.is_string(column.type):
        return column
    if column is not None and (pa.types.is_integer(column.type) or pa.types.is_null(column.type)):
        return column.cast(pa.string())
    return pa.array([text_of(value) for value in objects(values)], pa.string())


def text_of(value: Any) -> str | None:
    """One value as text; a whole number written as a float reads as the integer."""
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, (int, bool)):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(turn, dict) and "content" in turn for turn in value):
        return turns_text(value)
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        return str(value)


def turns_text(turns: list[Any]) -> str:
    """Turns of a conversation as text: one alone as its content, several with their roles."""
    contents = [(turn.get("role"), turn.get("content")) if isinstance(turn, dict) else (None, turn) for turn in turns]
    if len(contents) == 1:
        return text_of(contents[0][1]) or ""
    return "\n\n".join(f"{role}: {text_of(content)}" if role else text_of(content) or "" for role, content in contents)


# ------------------------------------------------------------------ labels

_SIDES_A = ["a", "left", "first", "one", "output (a)", "[[a]]", "a>b", "a>>b", "a wins", "chosen"]
_SIDES_B = ["b", "right", "second", "two", "output (b)", "[[b]]", "b>a", "b>>a", "b wins", "rejected", "a<b", "a<<b"]
_TIES = ["tie", "tied", "draw", "equal", "same", "both", "neither", "a=b", "a~b", "tie (bothbad)", "both_bad", "[[c]]"]
_TIES += ["bothbad", "tie (both bad)", "a = b", "c", "no preference", "none of them"]
_THINGS = ("model", "response", "answer", "output", "assistant", "completion", "option", "system", "text")

LABEL_WORDS: dict[str, float] = {
    **dict.fromkeys(_SIDES_A, 1.0),
    **dict.fromkeys(_SIDES_B, 0.0),
    **dict.fromkeys(_TIES, 0.5),
    "true": 1.0,
    "false": 0.0,
    "yes": 1.0,
    "no": 0.0,
}
GRADED: dict[str, float] = {}
"""Words of a scale with degrees: how much better is not part of a label."""
for _degree in ("", "slightly ", "much ", "significantly ", "clearly "):
    GRADED |= {f"{_side} is {_degree}better": _value for _side, _value in (("a", 1.0), ("b", 0.0))}
GRADED |= {word.replace(" ", _joint): _value for word, _value in list(GRADED.items()) for _joint in "-_"}
LABEL_WORDS |= GRADED
for _thing in _THINGS:
    for _joint in ("_", " ", "-", ""):
        LABEL_WORDS.update({f"{_thing}{_joint}a": 1.0, f"{_thing}{_joint}b": 0.0})
        LABEL_WORDS.update({f"{_thing}{_joint}1": 1.0, f"{_thing}{_joint}2": 0.0})

SCHEMES = ("probability", "one_two", "one_two_index", "sign")


def scheme_of(values: Values, *, index: bool = False) -> str:
    """What the numbers of a label column mean, as far as these values tell; "" while they do not.

    "probability": P(a), 1 = a, 0 = b; "one_two": 1 = a, 2 = b, 0 or 1.5 = tie; "sign": 1 = a, −1 = b, 0 = tie;
    "one_two_index" (only with `index`, for columns named as positions): 0 = a, 1 = b.
    """
    column = arrow(values)
    if column is not None and pa.types.is_string(column.type):
        values = pc.unique(column)
    found, codes = numbers(values, flags=True)
    known = found[codes == FINE]
    if not len(known):
        return ""
    if known.min() < 0:
        return "sign"
    if known.max() > 1:
        return "one_two"
    if index and np.isin(known, (0.0, 1.0)).all():
        return "one_two_index" if (known == 0).any() else ""
    return "probability" if (known < 1).any() else ""


def labels(values: Values, scheme: str = "") -> tuple[Floats, Codes]:
    """Each label as P(a preferred), or NaN with MISSING or UNKNOWN."""
    column = arrow(values)
    if column is None:
        column = texts(values)
    if pa.types.is_string(column.type):
        return _by_word(column, scheme)
    return _by_number(*numbers(values, flags=True), scheme)


def _by_word(column: pa.Array, scheme: str) -> tuple[Floats, Codes]:
    """Labels of a text column: each distinct text is judged once."""
    encoded = pc.dictionary_encode(column)
    words = [(word or "").strip().lower() for word in encoded.dictionary.to_pylist()]
    raw = [number(word) for word in words]
    found, codes = _by_number(
        np.array([value for value, _ in raw], np.float64), np.array([code for _, code in raw], np.uint8), scheme
    )
    for place, word in enumerate(words):
        if word in LABEL_WORDS:
            found[place], codes[place] = LABEL_WORDS[word], FINE
        elif word in MISSING_WORDS or word == "nan":
            found[place], codes[place] = math.nan, MISSING
    found, codes = np.append(found, math.nan), np.append(codes, np.uint8(MISSING))
    indices = pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False)
    return found[indices], codes[indices]


def _by_number(found: Floats, codes: Codes, scheme: str) -> tuple[Floats, Codes]:
    match scheme:
        case "one_two":
            result = np.where(found == 0, 0.5, 2 - found)
        case "sign":
            result = (found + 1) / 2
        case "one_two_index":
            result = 1 - found
        case _:
            result = np.array(found)
    good = (codes == FINE) & (result >= 0) & (result <= 1)
    codes = np.where(good, FINE, np.where(codes == MISSING, MISSING, UNKNOWN)).astype(np.uint8)
    result[codes != FINE] = np.nan
    return result, codes


# ------------------------------------------------------------------ times

_TIME = pa.timestamp("us", "UTC")


def times(values: Values) -> pa.Array:
    """Each value as a UTC time: a timestamp, an ISO text, or seconds, milli- or microseconds since 1970; else null."""
    column = arrow(values)
    if column is not None and pa.types.is_timestamp(column.type):
        return (
            column.cast(_TIME, safe=False)
            if column.type.tz
            else column.cast(pa.timestamp("us"), safe=False).cast(_TIME)
        )
    if column is not None and _is_numeric(column.type):
        return _since_epoch(numbers(column)[0])
    return pa.array([_time_of(value) for value in objects(values)], _TIME)


def _since_epoch(moments: Floats) -> pa.Array:
    """Times from seconds, milliseconds or microseconds since 1970, told apart by their size; else null."""
    with np.errstate(invalid="ignore"):
        micro = np.where(moments > 1e14, moments, np.where(moments > 1e11, moments * 1e3, moments * 1e6))
        known = (moments > 1e8) & (moments < 4e15)
    return pa.array(np.where(known, micro, 0).astype(np.int64), mask=~known).cast(_TIME)


def _time_of(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        since, code = number(value)
        moment: datetime | None = _since_epoch(np.array([since]))[0].as_py() if code == FINE else None
        return moment
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        return None
