"""Parameters of an address in their types, as their schemas say; whatever does not fit is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.requests import Request

from engine.errors import NotFound, UsageError
from web.api.operations import Operation, Parameter, Schema

_WHOLE: Final = re.compile(r"-?[0-9]{1,20}")


class ParameterError(UsageError):
    """A parameter has a value that does not fit; `field` is its name."""

    code = "bad_parameter"

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.field = name

    def to_dict(self) -> dict[str, object]:
        """`code`, `message` and `field`."""
        return {**super().to_dict(), "field": self.field}


def path_of(operation: Operation, request: Request) -> dict[str, Any]:
    """What the path names. Raises NotFound: an address that cannot be is nobody's."""
    found = {}
    for parameter in _of(operation, "path"):
        try:
            found[parameter.name] = _value(parameter, request.path_params[parameter.name])
        except ParameterError:
            raise NotFound("There is nothing at this address.", code="http_404") from None
    return found


def query_of(operation: Operation, request: Request) -> dict[str, Any]:
    """The parameters that were given, by name. Raises ParameterError for one that is unknown or does not fit."""
    known = {parameter.name: parameter for parameter in _of(operation, "query")}
    found: dict[str, Any] = {}
    for name in request.query_params:
        if name not in known:
            takes = f" It takes {', '.join(known)}." if known else ""
            raise ParameterError(name[:100], f"This address takes no parameter {name[:100]!r}.{takes}")
        values = request.query_params.getlist(name)
        if known[name].schema.get("type") == "array":
            found[name] = [_typed(known[name], known[name].schema["items"], value) for value in values]
        elif len(values) > 1:
            raise ParameterError(name, f"{name} is given more than once.")
        else:
            found[name] = _value(known[name], values[0])
    return found


def header_of(operation: Operation, headers: Mapping[str, str]) -> None:
    """Check the headers that the operation describes. Raises ParameterError."""
    for parameter in _of(operation, "header"):
        if parameter.name in headers:
            _value(parameter, headers[parameter.name])


def _of(operation: Operation, place: str) -> Iterable[Parameter]:
    return (parameter for parameter in operation.parameters if parameter.place == place)


def _value(parameter: Parameter, text: str) -> Any:
    return _typed(parameter, parameter.schema, text)


def _typed(parameter: Parameter, schema: Schema, text: str) -> Any:
    name = parameter.name
    if schema["type"] == "integer":
        return _whole(name, schema, text)
    if schema["type"] == "number":
        return _number(name, text)
    if "enum" in schema and text not in schema["enum"]:
        raise ParameterError(name, f"{name} is one of {', '.join(schema['enum'])}.")
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 10_000):
        raise ParameterError(name, f"{name} is too short or too long.")
    if "pattern" in schema and not re.search(schema["pattern"], text, re.ASCII):
        raise ParameterError(name, f"{name} does not have the form it needs.")
    return text


def _whole(name: str, schema: Schema, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ParameterError(name, f"{name} has to be a whole number.")
    number, least, most = int(text), schema.get("minimum"), schema.get("maximum")
    if (least is not None and number < least) or (most is not None and number > most):
        raise ParameterError(name, f"{name} lies between {least} and {most}.")
    return number


def _number(name: str, text: str) -> str:
    """A number stays text: the analysis reads and checks it."""
    try:
        float(text)
    except ValueError:
        raise ParameterError(name, f"{name} has to be a number.") from None
    return text
