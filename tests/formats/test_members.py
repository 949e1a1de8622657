"""Archives and folders: which files are taken out, which are refused by name, and what it may cost."""

from __future__ import annotations

import gzip
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import InputRefused, LimitExceeded
from engine.formats import Limits, archive_members, folder_members, is_archive, read_table
from engine.formats.members import safe_name
from jobs.__main__ import main
from jobs.children import Child
from tests.formats import samples

PAIRS = samples.FILES["pairs.csv"]()
FILES: dict[str, bytes | str] = {"x/pairs.csv": PAIRS, "scores.jsonl": samples.FILES["scores.jsonl"]()}


def tar(files: dict[str, bytes | str], mode: str = "w", special: list[tarfile.TarInfo] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            data = content.encode() if isinstance(content, str) else content
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in special or []:
            archive.addfile(info)
    return out.getvalue()


def tar_gz(files: dict[str, bytes | str]) -> bytes:
    return gzip.compress(tar(files), mtime=0)


def zip_of(name: str, mode: int, content: bytes = b"/etc/passwd") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)
        archive.writestr("pairs.csv", PAIRS)
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def taken(data: bytes, tmp_path: Path, limits: Limits | None = None) -> dict[str, bytes | str]:
    """Each member's content, or the code of its refusal."""
    path = tmp_path / "archive"
    path.write_bytes(data)
    found: dict[str, bytes | str] = {}
    for member in archive_members(path, "archive", tmp_path, limits):
        found[member.name] = member.path.read_bytes() if member.path else member.refused
        assert member.path is None or member.size == len(found[member.name])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["archive"]
    return found


@pytest.mark.parametrize("make", [samples.packed, tar, tar_gz])
def test_every_data_file_is_taken_out_as_it_is(make: Callable[..., bytes], tmp_path: Path) -> None:
    more = {"README.md": "x", ".hidden": "x", "a/.git/config": "x", "__MACOSX/x.csv": "x", "LICENSE": "x", "p.png": "x"}
    assert taken(make({**FILES, **more}), tmp_path) == FILES


@pytest.mark.parametrize("make", [samples.packed, tar, tar_gz])
@pytest.mark.parametrize(
    "name",
    ["../x.csv", "/x.csv", "a/../../x.csv", "..\\x.csv", "C:\\x.csv", "C:/x.csv", "a//x.csv", "x\n.csv", "x" * 201],
)
def test_names_that_lead_elsewhere_are_refused(make: Callable[..., bytes], name: str, tmp_path: Path) -> None:
    found = taken(make({name: PAIRS, "good.csv": PAIRS}), tmp_path)
    assert found.pop("good.csv") == PAIRS
    assert list(found.values()) == ["unsafe_name"]
    assert not (tmp_path.parent / "x.csv").exists()


def test_a_name_with_backslashes_is_one_with_slashes() -> None:
    assert [safe_name(name) for name in ("a\\b.csv", "./a/b.csv", "a/b.csv")] == ["a/b.csv"] * 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zip_of("x.csv", stat.S_IFLNK | 0o777), "link_refused"),
        (zip_of("x.csv", stat.S_IFIFO | 0o644), "no_regular_file"),
        (tar({}, special=[special("x.csv", tarfile.SYMTYPE, "/etc/passwd")]), "link_refused"),
        (tar({"y.csv": PAIRS}, special=[special("x.csv", tarfile.LNKTYPE, "y.csv")]), "link_refused"),
        (tar({}, special=[special("x.csv", tarfile.CHRTYPE)]), "no_regular_file"),
        (samples.packed({"x.csv": samples.packed(FILES)}), "nested_archive"),
        (samples.packed({"x.csv": tar(FILES)}), "nested_archive"),
        (tar({"x.csv": tar_gz(FILES)}), "nested_archive"),
    ],
)
def test_what_is_no_plain_file_is_refused_by_name(data: bytes, code: str, tmp_path: Path) -> None:
    assert taken(data, tmp_path)["x.csv"] == code


def test_a_name_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(tar({"x.csv": PAIRS, "./x.csv": b"other"}))
    assert [member.refused for member in archive_members(path, "archive", tmp_path)] == ["", "name_twice"]


def test_packed_files_and_workbooks_within_are_files(tmp_path: Path) -> None:
    inner = {"x.csv.gz": gzip.compress(PAIRS, mtime=0), "x.xlsx": samples.FILES["pairs.xlsx"]()}
    assert taken(samples.packed(dict(inner)), tmp_path) == inner


def _locked() -> bytes:
    data = bytearray(samples.packed({"x.csv": PAIRS}))
    for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[start] |= 1
    return bytes(data)


def test_a_locked_file_is_refused(tmp_path: Path) -> None:
    assert taken(_locked(), tmp_path) == {"x.csv": "locked"}


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (samples.packed({"x.csv": b"0" * 50_000_000}), Limits(), "archive_bomb"),
        (gzip.compress(tar({"x.csv": b"0" * 50_000_000}), mtime=0), Limits(), "archive_bomb"),
        (samples.packed({f"{number}.csv": "x" for number in range(30)}), Limits(files=29), "too_many_files"),
        (tar({f"{number}.csv": "x" for number in range(30)}), Limits(files=29), "too_many_files"),
        (tar({"x.csv": b"0" * 5000}), Limits(total_bytes=4999), "too_large"),
        (samples.packed({"x.csv": PAIRS})[:-30], Limits(), "archive_damaged"),
        (samples.packed({"x.csv": "abc"}).replace(b"KLJ", b"KLK", 1), Limits(), "archive_damaged"),
        (tar({"x.csv": PAIRS * 50})[:20_000], Limits(), "archive_damaged"),
        (tar_gz({"x.csv": bytes(range(256)) * 500})[:-500], Limits(), "archive_damaged"),
        (PAIRS, Limits(), "not_an_archive"),
    ],
    ids=[
        "zip bomb",
        "tar bomb",
        "zip of many",
        "tar of many",
        "large",
        "zip cut",
        "zip flipped",
        "tar cut",
        "tar.gz cut",
        "table",
    ],
)
def test_an_archive_as_a_whole_is_refused(data: bytes, limits: Limits, code: str, tmp_path: Path) -> None:
    with pytest.raises((InputRefused, LimitExceeded)) as refused:
        taken(data, tmp_path, limits)
    assert (refused.value.code, refused.value.file) == (code, "archive")
    assert [each.name for each in tmp_path.iterdir()] == ["archive"]


@pytest.mark.parametrize("make", [samples.packed, tar, tar_gz])
def test_an_archive_is_none_file_but_several(make: Callable[..., bytes], tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(make(FILES))
    assert is_archive(path)
    with pytest.raises(InputRefused) as refused:
        read_table(path, "x")
    assert refused.value.code == "archive_of_files"


@pytest.mark.parametrize("name", ["pairs.xlsx", "pairs.csv.gz", "pairs.parquet", "pairs.csv"])
def test_what_holds_one_table_is_no_archive(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(samples.FILES[name]())
    assert not is_archive(path)
    assert not is_archive(tmp_path / "nowhere")


def test_a_folder_without_its_links(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/x.csv", "y.csv", "LICENSE", ".z.csv"):
        (tmp_path / name).write_bytes(PAIRS)
    (tmp_path / "link.csv").symlink_to(tmp_path / "y.csv")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [(member.name, member.size) for member in folder_members(tmp_path)] == [
        ("a/x.csv", len(PAIRS)), ("y.csv", len(PAIRS)),
    ]  # fmt: skip


def test_the_limited_child_takes_them_out(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(samples.packed({**FILES, "../x.csv": PAIRS}))
    with Child() as child:
        found = child.unpack(path, "x.zip", tmp_path)
        with pytest.raises(InputRefused) as refused:
            child.unpack(Path(found["files"][0]["path"]), "pairs.csv", tmp_path)
    assert {file["name"]: Path(file["path"]).read_bytes() for file in found["files"]} == FILES
    assert [(each["name"], each["code"]) for each in found["refused"]] == [("../x.csv", "unsafe_name")]
    assert refused.value.code == "not_an_archive"


# ------------------------------------------------------------------ the command line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "pairs.csv").write_bytes(PAIRS)
    (tmp_path / "some" / "bundle.zip").write_bytes(samples.packed({**FILES, "../x.csv": PAIRS}))
    (tmp_path / "some" / "log.txt").write_text("only\nwords\n")
    return tmp_path / "some"


def test_read_lists_what_lies_in_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(folder)]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["file", "format", "kind", "rows", "accepted", "rejected", "warnings"]
    assert rows[2:] == [
        ["bundle.zip/x/pairs.csv", "pairs", "comparison", "24", "24", "0", ""],
        ["bundle.zip/scores.jsonl", "scores", "score", "24", "24", "0", "scale_guessed"],
        ["bundle.zip/../x.csv", "refused", "", "", "", "", "unsafe_name"],
        ["log.txt", "refused", "", "", "", "", "unrecognised"],
        ["pairs.csv", "pairs", "comparison", "24", "24", "0", ""],
    ]


def test_read_says_each_file_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(folder / "bundle.zip"), "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["file"] for each in said] == [
        "bundle.zip/x/pairs.csv",
        "bundle.zip/scores.jsonl",
        "bundle.zip/../x.csv",
    ]
    assert said[2]["error"]["code"] == "unsafe_name"


def test_a_folder_of_nothing_that_can_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("only\nwords\n")
    assert main(["read", str(tmp_path)]) == 3
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["read", str(empty)]) == 3


def test_files_of_an_archive_are_analysed_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [samples.lines(samples.judgebench(60)[half::2]) for half in (0, 1)]
    path = tmp_path / "both.tar.gz"
    path.write_bytes(tar_gz({"one.jsonl": parts[0], "two.jsonl": parts[1]}))
    assert main(["analyse", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["dataset"]["rows"] == 60
    assert said["evidence"]["command"] == f"python -m jobs analyse {path} --analysis calibration"


def test_analysing_an_archive_with_a_file_that_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(samples.packed({"../x.csv": PAIRS}))
    assert main(["analyse", str(path)]) == 3
    assert "x.zip/../x.csv: its name leads out of the archive" in capsys.readouterr().err
