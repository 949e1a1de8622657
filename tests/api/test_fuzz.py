"""Requests made from the description, a few hundred of them; `make api-fuzz` makes thousands against the product."""

from __future__ import annotations

from collections import Counter

import hypothesis
import schemathesis
from schemathesis.checks import CHECKS
from starlette.applications import Starlette

import server
from tests.api.conftest import Caller, House
from web.routes import ROUTES

EXAMPLES = 6
NOT_CHECKED = {"positive_data_acceptance", "missing_required_header", "ignored_auth", "max_response_time"}


def test_no_generated_request_fails_or_is_answered_otherwise_than_described(house: House, ann: Caller) -> None:
    house.dataset(ann.who)
    app = Starlette(routes=ROUTES, middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
    headers = {"authorization": f"Bearer {ann.secret}", "host": "127.0.0.1"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
    checks = [check for check in CHECKS.get_all() if check.__name__ not in NOT_CHECKED]
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        for mode in schemathesis.GenerationMode:
            settings = hypothesis.settings(
                max_examples=EXAMPLES,
                database=None,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(hypothesis.HealthCheck),
                phases=[hypothesis.Phase.generate],
            )

            @settings
            @hypothesis.given(case=found.ok().as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                response = case.call(headers=headers)
                statuses[response.status_code] += 1
                case.validate_response(response, checks=checks)

            try:
                ask()
            except hypothesis.errors.Unsatisfiable:
                continue
    assert sum(statuses.values()) >= 200
    assert not [status for status in statuses if status >= 500]
    assert {200, 400, 404} <= set(statuses)
