"""Numbers in addresses and headers that are none, or that no store holds: no route of ours fails at them."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from engine.words import ID_LIMIT, whole
from tests.web.conftest import Desk
from web.routes import ROUTES

NO_NUMBERS = ("", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_0", "²", "٣", "1\x00", str(ID_LIMIT), "9" * 5000)
WORST = ("", "-1", "²", str(ID_LIMIT), "9" * 5000)
NAMED = (
    *("dataset", "beside", "version", "row", "skip", "size", "decision", "person", "run", "number"),
    *("rows", "columns", "stride", "first", "last", "before", "since", "days"),
)
READ = sorted({route.path for route in ROUTES if isinstance(route, Route) and "GET" in (route.methods or ())})


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_none(text: str) -> None:
    assert whole(text) is None


def test_a_number_is_below_its_limit() -> None:
    assert [whole(text) for text in ("0", "007", str(ID_LIMIT - 1))] == [0, 7, ID_LIMIT - 1]
    assert [whole(text, 5) for text in ("4", "5", "04")] == [4, None, None]


@pytest.mark.parametrize("path", READ)
def test_no_route_fails_at_a_number_that_is_none(desk: Desk, path: str) -> None:
    filled = path.replace("{number}", "9" * 5000).replace("{analysis}", "calibration")
    with desk.visitor("ann") as client:
        for text in WORST:
            for names in (NAMED[:10], NAMED[10:], NAMED[1:10]):
                query = {"project": "main", "dataset": "1", **dict.fromkeys(names, text)}
                answer = client.get(filled, params=query, headers={"last-event-id": "9" * 5000})
                assert answer.status_code < 500, (filled, names, text, answer.text[:200])
