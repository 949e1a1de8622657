"""`/view/rollouts/…`: answers of a policy in order, one of them with its tokens, one prompt through its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from engine import cohort
from engine.errors import UsageError
from engine.figures import answers
from engine.queries import browsing
from engine.queries.browsing import Asked
from engine.types import Who
from engine.words import ID_LIMIT, whole
from web.encoded import NEVER_KEPT, Encoded
from web.view import Shared, asked, versions_of

_KEPT: Final = 128
_HASHES: Final = 2**64
"""Rows are named by hashes, which are below."""
_pages: Final = Shared(_KEPT)


async def rows(request: Request) -> Response:
    """`GET /view/rollouts/rows?dataset=…&sort=kl&order=asc&skip=50&find=…`: a page of answers, and how many there are.

    `steps=10..20`, `cut=1`, `run` and `prompt` narrow it, beside the cohort `where` and the `slice` of a page.
    """
    ids, params = asked(request)
    wanted = Asked(
        sort=params.get("sort", "reward"),
        descending=params.get("order", "desc") != "asc",
        where=narrowed(params),
        find=params.get("find", ""),
        skip=_number(params.get("skip", "0")),
        size=_number(params.get("size", "50")),
    )

    def make(who: Who) -> dict[str, Any]:
        found = browsing.browse(who, ids, wanted)
        held = answers.sorts(found.fields)
        told = {"rows": answers.lines(found.rows, wanted.sort), "total": found.total, "sorts": held}
        return {**told, "tokens": "tokens" in found.fields, "cut": "truncated" in found.fields}

    return await _answer(request, ("rows", wanted), make)


async def row(request: Request) -> Response:
    """`GET /view/rollouts/row?dataset=…&row=…`: one answer with its tokens."""
    ids, params = asked(request)
    number = _number(params.get("row", ""), _HASHES)
    return await _answer(request, ("row", number), lambda who: answers.answer(browsing.single(who, ids, number)))


async def prompt(request: Request) -> Response:
    """`GET /view/rollouts/prompt?dataset=…&prompt=…`: the answers to one prompt by step, without their texts."""
    ids, params = asked(request)
    named, where = params.pop("prompt", ""), narrowed({key: params[key] for key in ("run",) if key in params})

    def make(who: Who) -> dict[str, Any]:
        return {"answers": answers.course(browsing.followed(who, ids, named, where))}

    return await _answer(request, ("prompt", named, where), make)


def narrowed(params: dict[str, str]) -> str:
    """The cohort that the parts of an address name together. Raises UsageError for steps that are none."""
    own = [
        cohort.one_of(column, [params[name]])
        for name, column in (("run", "run"), ("prompt", "prompt"))
        if params.get(name)
    ]
    if params.get("cut") in ("0", "1"):
        own.append(f"truncated={params['cut']}{cohort.RANGE}{params['cut']}")
    if steps := params.get("steps"):
        low, between, high = steps.partition(cohort.RANGE)
        if not between or cohort.TOGETHER in steps or cohort.CONDITIONS in steps:
            raise UsageError("Steps are named as steps=10..20.", code="steps")
        own.append(f"step={low}{between}{high}")
    where = cohort.together(params.get("where", ""), cohort.of_slice(params.get("slice", "")), cohort.every(*own))
    cohort.parse(where)
    return where


async def _answer(request: Request, key: tuple[Any, ...], make: Callable[[Who], dict[str, Any]]) -> Response:
    """The answer made once for a version of the datasets; who may not see them is refused before it is looked for."""
    who: Who = request.state.who
    ids, _ = asked(request)
    version = await versions_of(who, ids)

    def encoded() -> Encoded:
        return Encoded.of(orjson.dumps(make(who)), "application/json")

    return (await _pages.get((*key, *ids, version), encoded)).respond(request, NEVER_KEPT)


def _number(text: str, below: int = ID_LIMIT) -> int:
    number = whole(text, below)
    if number is None:
        raise UsageError(f"{text[:40]!r} is no whole number that is known here.", code="bad_argument")
    return number
