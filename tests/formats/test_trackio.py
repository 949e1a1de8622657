"""Trackio's databases: what is read of them, and that nothing in a hostile one is run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

import pytest

from engine.errors import InputRefused
from engine.formats import Limits, read_table
from tests.formats import log_samples
from tests.formats.reading import taken


def _changed(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as base:
        base.deserialize(log_samples.trackio())
        for statement in statements:
            base.execute(statement)
        base.commit()
        return base.serialize()


def test_runs_with_their_steps_times_and_parameters() -> None:
    rows, report = taken(log_samples.trackio())
    assert (report.format, report.kind, report.rows, report.accepted) == ("trackio", "curve", 24, 24)
    reward = [row for row in rows if row["metric"] == "reward" and row["run"] == "ppo-2"]
    assert [(row["step"], row["value"]) for row in reward] == [(step, step / 10 + 1) for step in range(12)]
    assert {row["config.learning_rate"] for row in reward} == {2e-5}
    assert reward[0]["time"].isoformat() == "2025-09-01T10:01:00+00:00"


def test_infinite_values_are_texts_there() -> None:
    rows, report = taken(log_samples.trackio())
    assert 3 not in {row["step"] for row in rows if row["source"] == "loss"}
    assert {notice.code: notice.message for notice in report.warnings}["not_finite"].startswith("2 values")


def test_two_runs_of_one_name_stay_apart() -> None:
    rows, _ = taken(log_samples.trackio(("same", "same")))
    assert {row["run"] for row in rows} == {f"same ({place:032x})" for place in (0, 1)}


def test_older_databases_have_no_run_ids_and_no_configs() -> None:
    with sqlite3.connect(":memory:") as base:
        base.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
        )
        for step in range(4):
            base.execute(
                "INSERT INTO metrics VALUES (NULL, '2025-09-01', 'r', ?, ?)",
                (step, json.dumps({"loss": 0.5, "reward": step})),
            )
        base.commit()
        data = base.serialize()
    rows, report = taken(data)
    assert [row["value"] for row in rows if row["metric"] == "reward"] == [0, 1, 2, 3]
    assert report.accepted == 4


def test_a_database_that_is_written_ahead_is_read_as_far_as_it_is_in_the_file() -> None:
    data = bytearray(log_samples.trackio())
    data[18:20] = b"\x02\x02"
    assert len(taken(bytes(data))[0]) == len(taken(log_samples.trackio())[0])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: _changed("DROP TABLE metrics"), "database_not_read"),
        (lambda: _changed("ALTER TABLE metrics RENAME COLUMN step TO s"), "database_not_read"),
        (
            lambda: _changed(
                "ALTER TABLE metrics RENAME TO m",
                "CREATE VIEW metrics AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT i AS run_id, i AS timestamp, i AS run_name, i AS step, '{}' AS metrics FROM n",
            ),
            "database_not_read",
        ),
        (
            lambda: _changed(
                "ALTER TABLE metrics RENAME TO m",
                "CREATE TABLE metrics (run_name TEXT, timestamp TEXT, step INTEGER, x TEXT, "
                "metrics TEXT GENERATED ALWAYS AS (printf('%.*c', 1000000, x)) VIRTUAL)",
                "INSERT INTO metrics (run_name, timestamp, step, x) VALUES ('a', 'b', 1, 'c')",
            ),
            "database_not_read",
        ),
        (lambda: log_samples.trackio()[:3000], "database_damaged"),
        (lambda: b"SQLite format 3\x00" + bytes(200), "database_damaged"),
    ],
)
def test_what_is_no_plain_table_of_metrics_is_refused(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        taken(make())
    assert refused.value.code == code


def test_triggers_and_other_tables_are_never_touched() -> None:
    data = _changed("CREATE TRIGGER t AFTER INSERT ON metrics BEGIN DELETE FROM configs; END")
    assert taken(data)[1].accepted == 24


def test_a_row_that_is_too_long_is_rejected_alone() -> None:
    data = _changed(
        "UPDATE metrics SET metrics = '{\"loss\": 1, \"x\": \"' || printf('%.*c', 2000000, 'x') || '\"}' WHERE step = 5"
    )
    _, report = taken(data)
    assert report.reasons == {"row_too_long": 2}


def test_rows_that_are_no_json_are_rejected_alone() -> None:
    _, report = taken(_changed("UPDATE metrics SET metrics = 'nonsense' WHERE step = 5"))
    assert report.reasons == {"invalid_json": 2}


def test_a_database_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(InputRefused) as refused:
        read_table(log_samples.trackio(), "x", limits=Limits(document_bytes=4096))
    assert refused.value.code == "too_large"
