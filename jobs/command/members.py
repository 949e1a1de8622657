"""Folders and archives on the command line: the files in them, those of archives unpacked for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import InputRefused
from engine.formats import archive_members, folder_members, is_archive
from engine.formats.members import REFUSALS
from engine.standalone import name_of

INSIDE = "files"
"""Where the files of an archive lie, beside the one that is being taken out."""


@contextmanager
def files_in(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Every file that is meant: each path itself, or the data files in it.

    Raises:
        InputRefused: a folder or archive holds no data file, or one that is not taken out (its code says why).
        LimitExceeded: an archive is larger than the limits.
    """
    with TemporaryDirectory(prefix="plumbline-") as folder:
        found: list[Path] = []
        for place, path in enumerate(paths):
            inside = list(_inside(path, _unused(Path(folder), path.name, place)))
            if not inside:
                raise InputRefused(f"{name_of(path)}: holds no data file", code="no_files", file=name_of(path))
            found += inside
        yield found


def _unused(folder: Path, name: str, place: int) -> Path:
    """Where an archive is unpacked: below its own name, which tells its files from those of another."""
    wanted = folder / (name or str(place))
    return folder / f"{place} {name}" if wanted.exists() else wanted


def _inside(path: Path, folder: Path) -> Iterator[Path]:
    if path.is_dir():
        for member in folder_members(path):
            if member.path is not None:
                yield from _inside(member.path, folder / member.name)
    elif is_archive(path):
        folder.mkdir(parents=True)
        yield from _unpacked(path, folder)
    else:
        yield path


def _unpacked(path: Path, folder: Path) -> Iterator[Path]:
    for member in archive_members(path, name_of(path), folder):
        name = f"{name_of(path)}/{member.name}"
        if member.path is None:
            raise InputRefused(f"{name}: {REFUSALS[member.refused]}", code=member.refused, file=name)
        kept = folder / INSIDE / member.name
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            member.path.rename(kept)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:  # a file where others have a folder
            raise InputRefused(f"{name}: {REFUSALS['name_twice']}", code="name_twice", file=name) from error
        yield kept
