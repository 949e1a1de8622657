"""The command with its limited child: the same answer, nothing left behind, a bomb is a named error."""

import gzip
import tempfile

from tests.command.test_analyse import check


def test_the_child_and_this_process_read_the_same(analyse, pairs, tmp_path, monkeypatch):
    left = tmp_path / "temporary"
    left.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(left))
    apart, here = check(analyse(pairs, "--json", limited=True)), check(analyse(pairs, "--json"))
    for found in (apart, here):
        found["evidence"]["duration_ms"] = None
    assert apart == here
    assert list(left.iterdir()) == []


def test_a_bomb_is_refused(analyse, tmp_path):
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(gzip.compress(b"[" + b" " * 200_000_000))
    ran = analyse(bomb, "--json", limited=True)
    assert ran.code == 3
    assert check(ran)["error"]["code"] == "archive_bomb"
