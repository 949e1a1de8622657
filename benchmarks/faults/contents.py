"""What needs no running product, or only its answers: our own source, damaged files, odd JSON, abused parameters."""

from __future__ import annotations

import ast
import gzip
import json
import math
from collections import Counter
from pathlib import Path

import pyarrow as pa

from benchmarks import fuzz
from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation
from engine.errors import PlumblineError, UsageError
from engine.formats import read_table
from engine.queries.results import find_analysis
from engine.settings import ROOT
from engine.store.engine import fetch
from tests.formats.test_containers import FINE_LINES, GOOD, ODD_LINES

# ------------------------------------------------------------------ 26: our own source

FOLDERS = ("engine", "web", "jobs", "pages")
FORBIDDEN = frozenset(
    {
        "pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads", "joblib.load",
        "torch.load", "yaml.load", "yaml.unsafe_load", "marshal.loads", "shelve.open", "eval", "exec", "compile",
        "__import__", "os.system", "os.popen", "pd.read_pickle", "pandas.read_pickle",
    }
)  # fmt: skip


def source(kept: Round) -> None:
    """No call in the product that runs what it reads; NumPy never with pickles, no shell."""
    for path in [*(ROOT.glob("*.py")), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                _check_call(kept, path, node)
        kept.runs += 1
    kept.notes.append("a run is a file of the product")


def _check_call(kept: Round, path: Path, call: ast.Call) -> None:
    name = ast.unparse(call.func)
    where = f"{path.relative_to(ROOT)}:{call.lineno}"
    kept.check(name not in FORBIDDEN, f"{where} calls {name}")
    said_yes = {word.arg for word in call.keywords if isinstance(word.value, ast.Constant) and word.value.value is True}
    kept.check(not said_yes & {"allow_pickle", "shell"}, f"{where} allows pickles or a shell")


# ------------------------------------------------------------------ 27: damaged files

ENDS = "SELECT state, error FROM run"
OURS = ("internal", "reader_died", "reader_failed", "worker_lost")
"""Codes of errors that are no fault of the file."""


def damaged(kept: Round) -> None:
    """Every format, damaged: only errors meant for people come out. `make fuzz` does 100,000 and its bombs."""
    total, peak = fuzz.fuzz(kept.times)
    kept.runs = sum(total.values())
    for (sample, outcome), count in total.items():
        kept.check(not outcome.startswith("FAILURE"), f"{sample}, {count} times: {outcome.splitlines()[-1]}")
    kept.notes.append(f"a worker held at most {peak / 1e6:.0f} MB; 100,000 runs: results/fuzz.md")


def damaged_uploads(kept: Round) -> None:
    """The same files through the upload of the running product: each is read, or refused with a reason for people."""
    with Installation(kept.folder / "home", PLUMBLINE_UPLOADS_A_DAY="1000000") as product:
        said.make_project()
        for number in range(kept.times):
            name, content, _rng = fuzz.damaged(number)
            answer = product.upload(f"{number}-{name}", content)
            wanted = (201,) if content else (400, 422)
            kept.check(answer.status_code in wanted, f"damaged file {number}: answered {answer.status_code}")
            if number % 50 == 0:
                said.settle(300)
            kept.runs += 1
        said.settle(300)
        said.audit_runs(kept, 300)
        states = Counter((state, json.loads(error or "{}").get("code")) for state, error in fetch(ENDS))
        bad = {code: count for (_, code), count in states.items() if code in OURS}
        kept.check(not bad, f"readings ended by {bad}")
        log = (product.home / "log" / "plumbline.log").read_text(encoding="utf-8")
        kept.check("Traceback" not in log, "a traceback is in the log")
        kept.check("signal" not in log, "a process of the product ended by a signal")
        done = sum(count for (state, _), count in states.items() if state == "done")
        kept.notes.append(f"{done} read, {sum(states.values()) - done} refused for {len(states) - 1} reasons")


# ------------------------------------------------------------------ 28: odd JSON

REFUSED = "refused"
ROW = GOOD + b"\n"
WHOLE: list[tuple[str, bytes, int, str]] = [
    ("BOM", b"\xef\xbb\xbf" + ROW * 2, 2, ""),
    ("two BOMs", b"\xef\xbb\xbf\xef\xbb\xbf" + ROW * 2, 0, REFUSED),
    ("UTF-16 with BOM", (ROW * 2).decode().encode("utf-16"), 2, ""),
    ("UTF-16 without BOM", (ROW * 2).decode().encode("utf-16-le"), 2, ""),
    ("UTF-32", (ROW * 2).decode().encode("utf-32"), 2, ""),
    ("gzip", gzip.compress(ROW * 2), 2, ""),
    ("no last line end", ROW + GOOD, 2, ""),
    ("Windows line ends", (GOOD + b"\r\n") * 2, 2, ""),
    ("blank lines between", ROW + b"\n\n" + ROW, 2, ""),
    ("array", b"[" + GOOD + b"," + GOOD + b"]", 2, ""),
    ("array, comma at its end", b"[" + GOOD + b"," + GOOD + b",]", 2, ""),
    ("array cut off", b"[" + GOOD + b"," + GOOD[:20], 1, "truncated"),
    ("5,000,000 lists deep", b"[" * 5_000_000, 0, REFUSED),
    ("a number alone", b"7\n", 0, REFUSED),
    ("nothing but white space", b" \n\t\n", 0, REFUSED),
    ("concatenated objects", GOOD + GOOD, 0, REFUSED),
]
"""Name, content, rows taken, and why the others were not (or that the whole file is refused)."""


def odd_json(kept: Round) -> None:
    """Each case is taken or refused as its table says, and no number that is none becomes a score."""
    for content, reason in ODD_LINES:
        _expect(kept, content[:40].decode("latin-1"), ROW + content + b"\n" + ROW, 2, reason)
    for content in FINE_LINES:
        _expect(kept, content[:40].decode("latin-1"), ROW + content + b"\n" + ROW, 3, "")
    for name, content, rows, reason in WHOLE:
        _expect(kept, name, content, rows, reason)


def _expect(kept: Round, name: str, content: bytes, rows: int, reason: str) -> None:
    kept.runs += 1
    try:
        table, report = read_table(content, "odd.jsonl", {})
    except PlumblineError as error:
        kept.check(reason == REFUSED, f"{name}: refused as {error.code}")
        return
    kept.check((table.num_rows, report.accepted) == (rows, rows), f"{name}: {report.accepted} rows taken, not {rows}")
    kept.check(set(report.reasons) == ({reason} if reason else set()), f"{name}: {dict(report.reasons)}, not {reason}")
    floating = [column for column in table.columns if pa.types.is_floating(column.type)]
    numbers = [value for column in floating for value in column.to_pylist() if value is not None]
    kept.check(all(map(math.isfinite, numbers)), f"{name}: a score is no number")


# ------------------------------------------------------------------ 40: parameters

NUMBERS = (
    "nan", "inf", "-inf", "1e999", "-1", "1e-400", "0x10", "1_0", "--1", "ten", "", " ", "[]", "{}", "null", "9" * 5000,
)  # fmt: skip
ABUSED: dict[str, tuple[str, ...]] = {
    "bins": (*NUMBERS, "0", "1", "7", "121", "961", "1000000000", "15.5", "1e1"),
    "scale": (*(value for value in NUMBERS if value != "1_0"), "0", "-0.0"),
    "level": (*(value for value in NUMBERS if value != "1_0"), "0", "1", "0.49", "0.9991", "95", "95%"),
    "recalibrator": ("", "none", "Temperature", "temperature ", "../x", "os.system", "x" * 10_000),
    "slice": ("subset", "subset:a", "nosuch=a", "subset=nosuch", "=", "=a", "row_hash=1", "a=b=c", "' OR 1=1=1"),
    "seed": (*(value for value in NUMBERS if value != "1_0"), "1.5"),
    "resamples": ("1000000000", "-1", "nan"),
    "mode": ("", "neon", "../dark", "tokens "),
    "dataset": ("", "0", "-1", "nan", "1e3", "9" * 30, "1 OR 1=1", "٣", "1.0"),
}
TYPED = (math.nan, math.inf, -math.inf, -1, 10**9, None, [], {}, [15], "x")


def parameters(kept: Round) -> None:
    """Through the address of a view and as typed values: refused by name, and no run begins."""
    with Installation(kept.folder / "home") as product:
        said.make_project()
        dataset = product.upload("a.jsonl", said.lines(0, 400)).json()["dataset"]
        said.settle()
        before = fetch("SELECT count(*) FROM run")[0][0]
        for name, values in ABUSED.items():
            for value in values:
                answer = product.client.get("/view/calibration", params={"dataset": dataset, name: value})
                kept.check(400 <= answer.status_code < 500, f"{name}={value[:30]}: answered {answer.status_code}")
                kept.check("Traceback" not in answer.text, f"{name}={value[:30]}: a traceback was shown")
                kept.runs += 1
        kept.check(fetch("SELECT count(*) FROM run")[0][0] == before, "a refused parameter began a run")
        kept.check(product.view(dataset).status_code == 200, "the plain view does not answer any more")
    _typed(kept)


def _typed(kept: Round) -> None:
    """The same through `parse`, where an API hands over numbers and lists."""
    parse = find_analysis("calibration").parameters.parse
    for name in ("bins", "scale", "level", "seed"):
        for value in TYPED:
            if (name, value) in (("scale", 10**9), ("seed", 10**9)):
                continue
            kept.runs += 1
            try:
                parse({name: value})
            except UsageError as error:
                json.dumps(error.to_dict())
                continue
            except Exception as error:  # noqa: BLE001 - what is looked for
                kept.failures.append(f"{name}={value!r}: {type(error).__name__}")
                continue
            kept.failures.append(f"{name}={value!r} was taken")


FAULTS = (
    Fault("26s", "calls in the product's source that would run what they read", 1, 1, source),
    Fault("27", "damaged files", 2_000, 100_000, damaged),
    Fault("27u", "damaged files through the upload", 100, 2_000, damaged_uploads),
    Fault("28", "JSON oddities, each as its table says", 1, 1, odd_json),
    Fault("40", "parameters abused", 1, 1, parameters),
)
