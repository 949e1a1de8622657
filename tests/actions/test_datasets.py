"""Files become datasets once, with names that are free; what is removed comes back whole."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from engine.actions import datasets, runs
from engine.errors import NotFound, UsageError
from engine.queries import datasets as queries
from engine.queries import runs as run_queries
from engine.store.engine import fetch
from tests.store.fixtures import Installation
from tests.store.people import answer, digest, person, read, report, upload


def followed(installation: Installation, project: str = "team", name: str = "live.jsonl", text: str = "row\n") -> Path:
    folder = installation.settings.inbox / project
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def receive(path: Path, offset: int, inode: int = 1) -> datasets.Received:
    return datasets.receive_inbox(path.parent.name, path.name, path, offset, inode=inode)


# ------------------------------------------------------------------ uploads


def test_an_upload_waits_to_be_read(installation: Installation) -> None:
    who = person()
    received = upload(who, "content")
    assert list(installation.settings.uploads.iterdir()) == []
    assert (installation.settings.blobs / digest("content")).read_text() == "content"
    view = queries.get_dataset(who, received.dataset_id)
    assert (view.name, view.version, view.sha256, view.live) == ("scores.jsonl", 0, digest("content"), False)
    work = runs.claim("worker")
    assert work is not None
    assert work.path.read_text() == "content"
    assert work.replace


def test_the_same_content_is_one_dataset(installation: Installation) -> None:
    who = person()
    first = upload(who)
    assert upload(who, name="again.jsonl") == first
    read(runs.claim("worker"))
    assert upload(who) == (first.dataset_id, None)
    assert [view.name for view in queries.list_datasets(who, "main")] == ["scores.jsonl"]
    assert queries.list_datasets(who, "main")[0].version == 1


def test_the_same_content_while_it_is_read_is_read_once(installation: Installation) -> None:
    who = person()
    first = upload(who)
    runs.claim("worker")
    assert upload(who) == first
    assert fetch("SELECT count(*) FROM run") == [(1,)]


def test_the_same_content_with_another_mapping_is_read_again(installation: Installation) -> None:
    who = person()
    first = upload(who)
    read(runs.claim("worker"))
    again = upload(who, mapping={"margin": "m"})
    assert again.dataset_id == first.dataset_id
    assert again.run_id not in (None, first.run_id)
    work = runs.claim("worker")
    assert work is not None
    assert work.mapping == {"margin": "m"}


def test_the_same_content_after_a_failure_is_tried_again(installation: Installation) -> None:
    who = person()
    upload(who)
    work = runs.claim("worker")
    assert work is not None
    runs.fail(work, {"code": "broken", "message": "Broken."})
    assert queries.get_dataset(who, work.dataset_id).error == {"code": "broken", "message": "Broken."}
    assert upload(who).run_id is not None
    assert queries.get_dataset(who, work.dataset_id).error is None


def test_the_same_content_in_two_projects_is_two_datasets(installation: Installation) -> None:
    who = person()
    receive(followed(installation), 4)
    assert upload(who).dataset_id != upload(who, project="team").dataset_id
    assert len(list(installation.settings.blobs.iterdir())) == 1


def test_names_are_unique(installation: Installation) -> None:
    who = person()
    for content in "abc":
        upload(who, content)
    names = {view.name for view in queries.list_datasets(who, "main")}
    assert names == {"scores.jsonl", "scores.jsonl (2)", "scores.jsonl (3)"}


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x", "a" * 500, "a\nb", "\u202e"])
def test_no_file_is_named_by_text(installation: Installation, name: str) -> None:
    upload(person(), "content", "file")
    outside = installation.settings.uploads.parent / "outside"
    outside.write_text("x")
    path = installation.settings.uploads / "next"
    path.write_text("y")
    who = person("bob")
    if name.isprintable() or name == "a\nb":
        datasets.receive_upload(who, "main", name, path, digest("y"), 1)
    else:
        with pytest.raises(UsageError):
            datasets.receive_upload(who, "main", name, path, digest("y"), 1)
    written = {each.name for each in installation.settings.blobs.iterdir()}
    assert written == ({digest("content")} if path.exists() else {digest("content"), digest("y")})


@pytest.mark.parametrize("digits", ["", "../x", "A" * 64, "g" * 64, digest("x") + "\n"])
def test_no_file_is_named_by_a_false_hash(installation: Installation, digits: str) -> None:
    path = installation.settings.uploads / "file"
    path.write_text("x")
    with pytest.raises(UsageError):
        datasets.receive_upload(person(), "main", "name", path, digits, 1)
    assert list(installation.settings.blobs.iterdir()) == []


def test_only_uploads_are_taken(installation: Installation) -> None:
    secret = installation.settings.home / "secret"
    secret.write_text("x")
    link = installation.settings.uploads / "link"
    link.symlink_to(secret)
    who = person()
    for path in (secret, link, installation.settings.uploads / ".." / "secret"):
        with pytest.raises(UsageError):
            datasets.receive_upload(who, "main", "name", path, digest("x"), 1)
    assert secret.exists()


def test_a_project_that_is_not_there(installation: Installation) -> None:
    with pytest.raises(NotFound):
        upload(person(), project="elsewhere")
    assert list(installation.settings.blobs.iterdir()) == []


# ------------------------------------------------------------------ the inbox


def test_what_is_known_of_a_followed_file_is_said_again_without_writing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = followed(installation)
    first = receive(path, 4)

    def nobody_writes() -> NoReturn:
        raise AssertionError("nothing was new")

    with monkeypatch.context() as patched:
        patched.setattr(datasets, "transaction", nobody_writes)
        assert receive(path, 4) == first
        assert runs.claim("worker") is not None
        assert receive(path, 4) == first
        with pytest.raises(AssertionError, match="new"):
            receive(path, 8)
        with pytest.raises(AssertionError, match="new"):
            receive(path, 4, inode=2)


def test_a_followed_file_makes_its_project(installation: Installation) -> None:
    who = person()
    received = receive(followed(installation), 4)
    view = queries.get_dataset(who, received.dataset_id)
    assert (view.project, view.name, view.live, view.simulated) == ("team", "live.jsonl", True, False)
    work = runs.claim("worker")
    assert work is not None
    assert work.path == installation.settings.inbox / "team" / "live.jsonl"
    assert work.params == {"offset": 4, "inode": 1}


def test_one_reading_waits_and_knows_the_newest_end(installation: Installation) -> None:
    path = followed(installation)
    first = receive(path, 4)
    assert receive(path, 8) == first
    work = runs.claim("worker")
    assert work is not None
    assert work.params["offset"] == 8
    second = receive(path, 12)
    assert second.run_id != first.run_id
    assert runs.claim("worker") is None, "the dataset is being read"
    read(work, follow={"offset": 8, "inode": 1, "line": 2})
    following = runs.claim("worker")
    assert following is not None
    assert following.follow == {"offset": 8, "inode": 1, "line": 2}


def test_nothing_new_is_not_read(installation: Installation) -> None:
    path = followed(installation)
    receive(path, 4)
    read(runs.claim("worker"), follow={"offset": 4, "inode": 1})
    assert receive(path, 4).run_id is None
    assert receive(path, 4, inode=2).run_id is not None


def test_what_was_refused_is_not_tried_again_until_it_grows(installation: Installation) -> None:
    path = followed(installation)
    receive(path, 4)
    work = runs.claim("worker")
    assert work is not None
    runs.fail(work, {"code": "input_refused", "message": "No."})
    assert receive(path, 4).run_id is None
    assert receive(path, 8).run_id is not None


def test_appended_rows_add_up(installation: Installation) -> None:
    who = person()
    path = followed(installation)
    for number in range(3):
        receive(path, 4 * (number + 1))
        read(runs.claim("worker"), f"segment {number}", follow={"offset": 4 * (number + 1), "inode": 1})
    view = queries.list_datasets(who, "team")[0]
    assert (view.version, view.rows, view.accepted, view.rejected) == (3, 12, 9, 3)
    assert view.reasons == {"not_a_number": 3}
    assert fetch("SELECT count(*) FROM segment") == [(3,)]


def test_a_removed_file_is_not_followed(installation: Installation) -> None:
    who = person()
    path = followed(installation)
    received = receive(path, 4)
    datasets.remove(who, received.dataset_id)
    assert receive(path, 8).run_id is None
    datasets.restore(who, received.dataset_id)
    assert receive(path, 8).run_id is not None


@pytest.mark.parametrize("name", ["../live.jsonl", ".hidden", "", "sub/live.jsonl"])
def test_only_files_of_the_inbox(installation: Installation, name: str) -> None:
    path = followed(installation)
    with pytest.raises(UsageError):
        datasets.receive_inbox("team", name, path, 4)
    with pytest.raises(UsageError):
        datasets.receive_inbox("other", path.name, path, 4)
    assert fetch("SELECT count(*) FROM dataset") == [(0,)]


@pytest.mark.parametrize("project", ["", "..", ".", "Upper", "a/b", "a" * 64, "-x"])
def test_projects_have_plain_names(installation: Installation, project: str) -> None:
    folder = installation.settings.inbox / project
    with pytest.raises(UsageError):
        datasets.receive_inbox(project, "live.jsonl", folder / "live.jsonl", 4)
    assert fetch("SELECT slug FROM project") == [("main",)]


# ------------------------------------------------------------------ names and removal


def test_renaming(installation: Installation) -> None:
    who = person()
    one, two = upload(who, "a").dataset_id, upload(who, "b").dataset_id
    assert datasets.rename(who, one, "  mine  ") == "mine"
    assert datasets.rename(who, two, "mine") == "mine (2)"
    assert datasets.rename(who, two, "mine (2)") == "mine (2)"
    with pytest.raises(UsageError):
        datasets.rename(who, two, " \n ")


def test_removal_is_undone_whole(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(runs.claim("worker"))
    before = queries.get_dataset(who, dataset)
    for _ in range(2):
        datasets.remove(who, dataset)
    assert queries.list_datasets(who, "main") == []
    for ask in (queries.get_dataset, queries.history):
        with pytest.raises(NotFound):
            ask(who, dataset)
    for _ in range(2):
        datasets.restore(who, dataset)
    after = queries.get_dataset(who, dataset)
    assert (after.name, after.version, after.accepted) == (before.name, before.version, before.accepted)
    kinds = [
        row[0] for row in fetch("SELECT kind FROM event WHERE topic = 'project/main' AND kind <> 'run' ORDER BY id")
    ]
    assert kinds == ["dataset_added", "dataset_changed", "dataset_removed", "dataset_added"]


def test_a_name_given_away_meanwhile_gets_a_number(installation: Installation) -> None:
    who = person()
    one = upload(who, "a").dataset_id
    datasets.remove(who, one)
    upload(who, "b")
    datasets.restore(who, one)
    assert queries.get_dataset(who, one).name == "scores.jsonl (2)"


def test_removal_cancels_waiting_and_running_work(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    work = runs.claim("worker")
    assert work is not None
    datasets.set_mapping(who, dataset, {"margin": "m"})
    datasets.remove(who, dataset)
    assert {run.state for run in run_queries.list_runs(who, "main")} == {"cancelled"}


def test_uploading_a_removed_file_brings_it_back(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(runs.claim("worker"))
    datasets.remove(who, dataset)
    assert upload(who) == (dataset, None)
    assert queries.get_dataset(who, dataset).version == 1


def test_a_mapping_reads_the_whole_file_again(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(runs.claim("worker"), "first")
    run = datasets.set_mapping(who, dataset, {"margin": "m", "slice.topic": "t"})
    work = runs.claim("worker")
    assert work is not None
    assert (work.run_id, work.mapping, work.replace) == (run, {"margin": "m", "slice.topic": "t"}, True)
    read(work, "second")
    view = queries.get_dataset(who, dataset)
    assert (view.version, view.accepted) == (2, 3)
    for mapping in ({"Margin!": "m"}, {"margin": "m" * 501}):
        with pytest.raises(UsageError):
            datasets.set_mapping(who, dataset, mapping)


def test_history_keeps_every_answer(installation: Installation) -> None:
    who = person()
    path = followed(installation)
    for number in range(4):
        receive(path, number + 1)
        work = runs.claim("worker")
        assert work is not None
        segment = runs.NewSegment(digest(str(number)), 1, 1)
        given = {**answer(number), "sentence": f"Answer {number}.", "pictures": {"reliability": {"count": [1]}}}
        runs.finish(work, segment=segment, report=report(1), answer=given, follow={"offset": number + 1, "inode": 1})
    dataset = queries.list_datasets(who, "team")[0]
    told = queries.history(who, dataset.id)
    assert [each.sentence for each in told] == [f"Answer {number}." for number in range(4)]
    assert [each.version for each in told] == [1, 2, 3, 4]
    assert [each.version for each in queries.history(who, dataset.id, since=2)] == [3, 4]
    assert [each.version for each in queries.history(who, dataset.id, limit=2)] == [3, 4]
    assert dataset.sentence == "Answer 3."
