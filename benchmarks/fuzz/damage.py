"""Ways to damage a file, and the damaged file of a run."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
import zlib

from tests.formats.samples import FILES, packed

SEED = 20261123

TOKENS = [
    b"null", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"true", b'"x"', b'""', b"[]", b"{}", b"[1]", b"[[]]", b"-0",
    b'"1,5"', b"9" * 30, b"9" * 5000, b'"\\ud800"', b"0x10", b"1_000", b"\xff", b"\x00", b'"', b"'", b",", b";", b"\t",
    b"\r", b"2", b"-1", b"0.5", b"1.5", b'"tie"', b'"B"', b'{"a": 1}', b"1970-01-01", b"\xef\xbb\xbf", b"=1+1",
]  # fmt: skip


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def swap_type(data: bytes, rng: random.Random) -> bytes:
    """Put another token where a number or word stands."""
    if not data:
        return data
    for _ in range(rng.choice([1, 2, 10])):
        start = rng.randrange(len(data))
        while start < len(data) and not data[start : start + 1].isalnum():
            start += 1
        end = start
        while end < len(data) and (data[end : end + 1].isalnum() or data[end : end + 1] in b".-+_"):
            end += 1
        data = data[:start] + rng.choice(TOKENS) + data[end:]
    return data


def shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    parts = data.split(b"\n")
    rng.shuffle(parts)
    return b"\n".join(parts[: rng.randrange(1, len(parts) + 1)])


def repeat(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    end = min(len(data), start + rng.randrange(400))
    return data[:end] + data[start:end] * rng.choice([1, 2, 30]) + data[end:]


def drop(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randrange(1, 60) :]


def insert(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(TOKENS) * rng.choice([1, 1, 3]) + data[start:]


def nest(data: bytes, rng: random.Random) -> bytes:
    depth = rng.choice([2, 90, 120, 1500, 20_000])
    start = rng.randrange(len(data) + 1)
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return data[:start] + opening * depth + (closing * depth if rng.random() < 0.5 else b"") + data[start:]


def recode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "latin-1"]), "replace")


def line_ends(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n", b"\x00\n", b"\xe2\x80\xa8"]))


def pack(data: bytes, rng: random.Random) -> bytes:
    packed = gzip.compress(data, 1, mtime=0)
    return flip(packed, rng) if rng.random() < 0.5 else packed


def join(data: bytes, rng: random.Random) -> bytes:
    return data + _seeds()[rng.choice(NAMES)]


def inside(data: bytes, rng: random.Random) -> bytes:
    """Damage one part of a zip archive and close it again, so that its checksums hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, EOFError, RuntimeError):
        return data
    if not parts:
        return data
    name = rng.choice(sorted(parts))
    parts[name] = rng.choice((flip, swap_type, swap_type, drop, insert, cut, repeat))(parts[name], rng)
    return packed(dict(parts))


DAMAGE = (cut, flip, swap_type, swap_type, shuffle_lines, repeat, drop, insert, nest, recode, line_ends, pack, join)
WITHIN = 3
"""How many of four damages of an archive are done to one of its parts."""
MAPPINGS: tuple[dict[str, str], ...] = (
    {"score_a": "score_b", "score_b": "score_a", "label": "label"},
    {"value": "judge_score", "truth": "correct", "scale": "100"},
    {"margin": "score_a", "label": "language", "slice": "label"},
    {"slice": "subset"},
    {"probability": "score_chosen", "label": "score_rejected", "prompt": "chosen.0.content"},
    {"nonsense": "x"},
)

_CACHE: dict[str, bytes] = {}
NAMES = sorted([*FILES, "bundle.zip", "bundle.tar", "bundle.tar.gz"])


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _seeds() -> dict[str, bytes]:
    if not _CACHE:
        _CACHE.update({name: make() for name, make in FILES.items()})
        inner = {name: _CACHE[name] for name in ("pairs.csv", "scores.jsonl", "pairs.xlsx", "pairs.csv.gz")}
        _CACHE.update({"bundle.zip": packed(dict(inner)), "bundle.tar": _tar(inner)})
        _CACHE["bundle.tar.gz"] = gzip.compress(_CACHE["bundle.tar"], mtime=0)
    return _CACHE


def damaged(run: int) -> tuple[str, bytes, random.Random]:
    """The file of a run: the sample it began as, its bytes, and the generator for what follows."""
    rng = random.Random(SEED * 1_000_003 + run)
    name = NAMES[run % len(NAMES)]
    data = _seeds()[name]
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        within = data[:4] == b"PK\x03\x04" and rng.randrange(4) < WITHIN
        data = (inside if within else rng.choice(DAMAGE))(data, rng)
    return name, data, rng
