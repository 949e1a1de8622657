"""The description is valid, complete, and true of what is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine import registry
from tests.api.conftest import Caller, House
from web.api import app
from web.api.openapi import REFUSALS, describe


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(app.ALL)


def schema_of(document: dict[str, Any], path: str, method: str, status: int) -> Draft202012Validator:
    answer = document["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = document["components"]["responses"][str(status)]
    schema = answer["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document["components"]})


def test_the_document_is_served_once(ann: Caller, document: dict[str, Any]) -> None:
    answer = ann.get("/openapi.json")
    assert answer.json() == document
    assert ann.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_every_operation_says_what_it_may_answer(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            described = {int(status) for status in operation["responses"]}
            assert {400, 401, 403, 404, 405, 429, 503} <= described, (path, method)
            assert described & {200, 201, 202}, (path, method)
            if "requestBody" in operation:
                assert {408, 413} <= described, (path, method)
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


def test_names_are_unique_and_references_lead_somewhere(document: dict[str, Any]) -> None:
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    for reference in re.findall(r"'#/([^']+)'", str(document)):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_registry_is_described(document: dict[str, Any]) -> None:
    for action in registry.ACTIONS.values():
        body = document["paths"][f"/actions/{action.name}"]["post"]["requestBody"]["content"]["application/json"]
        assert set(body["schema"]["properties"]) == {argument.name for argument in action.arguments}


def test_answers_are_as_described(house: House, ann: Caller, document: dict[str, Any]) -> None:
    dataset = house.dataset(ann.who)
    for path, address, status in (
        ("/projects", "/projects", 200),
        ("/projects/{project}/datasets", "/projects/main/datasets", 200),
        ("/datasets/{dataset}", f"/datasets/{dataset}", 200),
        ("/datasets/{dataset}", "/datasets/99", 404),
        ("/datasets/{dataset}/versions", f"/datasets/{dataset}/versions", 200),
        ("/datasets/{dataset}/results/{analysis}", f"/datasets/{dataset}/results/calibration", 200),
        ("/datasets/{dataset}/results/{analysis}", f"/datasets/{dataset}/results/calibration?bins=7", 400),
        ("/projects/{project}/runs", "/projects/main/runs", 200),
        ("/runs/{run}", "/runs/1", 200),
        ("/events", "/events", 200),
    ):
        answer = ann.get(address)
        assert answer.status_code == status, address
        schema_of(document, path, "get", status).validate(answer.json())


def test_every_refusal_that_is_described_has_words() -> None:
    described = {status for operation in app.ALL for status in operation.refusals}
    assert described <= set(REFUSALS)
