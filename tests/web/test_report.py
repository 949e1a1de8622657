"""The files of reports: whole, each its own, for whoever sees the project and nobody else."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlmodel import select

from engine.actions import reports
from engine.store import blobs
from engine.store.tables import Report, User
from engine.store.transaction import transaction
from engine.types import Who
from tests.store.people import join, person, project, upload
from tests.web.conftest import Desk

MEBIBYTE = 1 << 20


def made(who: Who, tmp_path: Path, content: bytes, name: str = "Trust", slug: str = "main") -> int:
    """A report whose file is there."""
    number = reports.request(who, slug, name, "trust", "pdf", [upload(who, name, f"{name}.csv", slug).dataset_id])
    path = tmp_path / "made"
    path.write_bytes(content)
    sha256, size = blobs.keep_made(path)
    with transaction() as tx:
        report = tx.session.get_one(Report, number)
        report.sha256, report.size, report.media_type = sha256, size, "application/pdf"
    return number


def test_two_that_differ_in_the_middle_are_never_mixed_up(desk: Desk, tmp_path: Path) -> None:
    who = person("maker")
    first = bytes(range(256)) * (5 * MEBIBYTE // 1024)
    middle = len(first) // 2
    second = first[:middle] + bytes([first[middle] ^ 1]) + first[middle + 1 :]
    numbers = {made(who, tmp_path, one, f"r{place}"): one for place, one in enumerate((first, second))}
    visitor = desk.visitor("ann", "viewer")

    def fetch(number: int) -> tuple[str, str]:
        got = visitor.get(f"/report/{number}")
        assert got.status_code == 200
        return got.headers["etag"].strip('"'), hashlib.sha256(got.content).hexdigest()

    with ThreadPoolExecutor(4) as pool:
        asked = [number for _ in range(50) for number in numbers]
        for number, (named, found) in zip(asked, pool.map(fetch, asked), strict=True):
            assert named == found == hashlib.sha256(numbers[number]).hexdigest()


def test_it_is_kept_never_shown_and_asked_for_again(desk: Desk, tmp_path: Path) -> None:
    number = made(person("maker"), tmp_path, b"%PDF-1", 'Ship\r\nx: y"; ü')
    got = desk.visitor("ann", "viewer").get(f"/report/{number}")
    assert got.headers["content-disposition"].startswith('attachment; filename="Ship-x-y-')
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["x-content-type-options"] == "nosniff"
    again = desk.visitor("ben", "viewer").get(f"/report/{number}", headers={"if-none-match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nobody_else_and_nothing_after_it_was_removed(desk: Desk, tmp_path: Path) -> None:
    who = person("maker")
    project("elsewhere")
    number = made(who, tmp_path, b"%PDF-1")
    assert desk.visitor().get(f"/report/{number}").status_code == 401
    stranger = desk.visitor("eve", "member")
    with transaction() as tx:
        eve = tx.session.exec(select(User.id).where(User.name == "eve")).one()
    join(Who(eve or 0, "eve", "member"), "elsewhere", "admin")
    missing = stranger.get("/report/999999")
    for refused in (stranger.get(f"/report/{number}"), stranger.get("/report/x"), stranger.get(f"/report/-{number}")):
        assert refused.status_code == 404
    assert strip(stranger.get(f"/report/{number}").json()) == strip(missing.json())
    seeing = desk.visitor("ann", "viewer")
    assert seeing.get(f"/report/{number}").status_code == 200
    reports.remove(who, number)
    assert seeing.get(f"/report/{number}").status_code == 404
    assert seeing.get(f"/report/{number}", headers={"if-none-match": '"x"'}).status_code == 404


def strip(told: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in told.items() if name != "request_id"}


def test_one_that_is_not_made_yet_is_not_there(desk: Desk) -> None:
    who = person("maker")
    number = reports.request(who, "main", "Trust", "trust", "pdf", [upload(who).dataset_id])
    got = desk.visitor("ann", "viewer").get(f"/report/{number}")
    assert (got.status_code, got.json()["code"]) == (404, "not_made")
