"""Small made-up files of every format that is read: the same rows each time."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

from tests.formats.log_samples import LOGS

ROWS = 24
_WORDS = ["signal", "market", "theorem", "river", "argues", "because", "plumb", "wall", "true", "of", "à", "é", "中"]

Row = dict[str, Any]


def _text(rng: random.Random, length: int = 8) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(length))


def lines(rows: list[Row]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def table(rows: list[Row], delimiter: str = ",") -> bytes:
    """Rows as delimited text, quoted where needed."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def parquet(rows: list[Row]) -> bytes:
    """Rows as Parquet."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class Formula(str):
    """A cell that was calculated: what it showed last."""


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Formula):
        return f'<c r="{place}"><f>SUM(1,1)</f>{f"<v>{value}</v>" if value else ""}</c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)).total_seconds() / 86400
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if value.startswith("#"):
        return f'<c r="{place}" t="e"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def workbook(sheets: dict[str, list[list[Any]]], merged: str = "", more: dict[str, str] | None = None) -> bytes:
    """Sheets of cells as a workbook, written out by hand: the same bytes each time."""
    places = range(1, len(sheets) + 1)
    files = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OFFICE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_OFFICE}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_OFFICE}.worksheet+xml"/>' for n in places
        )
        + "</Types>",
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(places, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in places
        )
        + f'<Relationship Id="rId99" Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
        '<xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    for n, rows in zip(places, sheets.values(), strict=True):
        body = "".join(
            f'<row r="{line}">'
            + "".join(_cell(f"{_letters(at)}{line}", cell) for at, cell in enumerate(row))
            + "</row>"
            for line, row in enumerate(rows, 1)
        )
        spans = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
        files[f"xl/worksheets/sheet{n}.xml"] = (
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData>{spans}</worksheet>'
        )
    return packed({**files, **(more or {})})


def packed(files: dict[str, str | bytes]) -> bytes:
    """Files as a zip archive, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def cells(rows: list[Row]) -> list[list[Any]]:
    """Rows as a sheet with a header."""
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def judgebench(rows: int = ROWS) -> list[Row]:
    rng = random.Random(1)
    made = []
    for number in range(rows):
        a, b = round(rng.gauss(0, 3), 3), round(rng.gauss(0, 3), 3)
        judge = {"judge_model": "acme/reward", "prompt": "", "response": ""}
        made.append(
            {
                "pair_id": f"p{number}",
                "original_id": None if number % 2 else number,
                "source": f"subject {number % 3}",
                "question": _text(rng, 12),
                "response_model": "acme/chat",
                "response_A": _text(rng),
                "response_B": _text(rng),
                "label": rng.choice(["A>B", "B>A"]),
                "judge_name": "reward_model",
                "judgments": [
                    {"judgment": {**judge, "scores": [a, b]}, "decision": "A>B" if a > b else "B>A"},
                    {"judgment": {**judge, "scores": [b, a]}, "decision": "A>B" if b > a else "B>A"},
                ],
            }
        )
    return made


def helpsteer(rows: int = ROWS) -> list[Row]:
    rng = random.Random(2)
    made = []
    for number in range(rows):
        asked = {"role": "user", "content": _text(rng, 10)}
        made.append(
            {
                "preference_strength": number % 4,
                "chosen": [asked, {"role": "assistant", "content": _text(rng)}],
                "rejected": [asked, {"role": "assistant", "content": _text(rng)}],
                "chosen_reward": round(rng.gauss(1, 2), 4),
                "rejected_reward": round(rng.gauss(0, 2), 4),
            }
        )
    return made


def ultrafeedback(rows: int = ROWS) -> list[Row]:
    rng = random.Random(3)
    return [
        {
            "prompt": _text(rng, 6),
            "prompt_id": f"{rng.getrandbits(64):x}",
            "chosen": _text(rng),
            "rejected": _text(rng),
            "score_chosen": round(rng.uniform(1, 10), 1),
            "score_rejected": round(rng.uniform(1, 10), 1),
        }
        for _ in range(rows)
    ]


def hh_rlhf(rows: int = ROWS) -> list[Row]:
    rng = random.Random(4)
    made = []
    for _ in range(rows):
        asked = f"\n\nHuman: {_text(rng)}\n\nAssistant:"
        made.append({"chosen": f"{asked} {_text(rng)}", "rejected": f"{asked} {_text(rng)}"})
    return made


def rewardbench(rows: int = ROWS) -> list[Row]:
    rng = random.Random(5)
    return [
        {
            "id": number,
            "subset": ("alpacaeval-easy", "refusals", "math-prm")[number % 3],
            "text_chosen": _text(rng),
            "text_rejected": _text(rng),
            "results": rng.choice([0, 1]),
            "scores_chosen": [round(rng.gauss(1, 2), 3)],
            "scores_rejected": [round(rng.gauss(0, 2), 3)] if number % 8 else None,
        }
        for number in range(rows)
    ]


def rewardbench2(rows: int = ROWS) -> list[Row]:
    rng = random.Random(6)
    return [
        {
            "id": f"tied:{number}" if number % 4 == 0 else str(number),
            "subset": "Ties" if number % 4 == 0 else "Factuality",
            "scores": [round(rng.gauss(0, 2), 3) for _ in range(6 if number % 4 == 0 else 4)],
            "num_correct": 2 if number % 4 == 0 else 1,
            "results": rng.choice([0, 1]),
        }
        for number in range(rows)
    ]


def pairs(rows: int = ROWS) -> list[Row]:
    rng = random.Random(7)
    return [
        {
            "prompt_id": f"q{number // 2}",
            "score_a": round(rng.gauss(0, 2), 5),
            "score_b": round(rng.gauss(0, 2), 5),
            "label": rng.choice(["A", "B", "tie"]),
            "language": rng.choice(["en", "de"]),
        }
        for number in range(rows)
    ]


def scores(rows: int = ROWS) -> list[Row]:
    rng = random.Random(8)
    return [
        {
            "task_id": f"t{number // 4:04d}",
            "sample": number % 4,
            "question": f"{_text(rng)} {number // 4}?",
            "truth": round(rng.uniform(1, 900), 2),
            "solution": _text(rng),
            "correct": rng.random() < 0.6,
            "judge_raw": "97",
            "judge_score": rng.randrange(0, 101),
        }
        for number in range(rows)
    ]


def votes(rows: int = ROWS) -> list[Row]:
    rng = random.Random(9)
    return [
        {
            "pair_id": number // 3,
            "annotator": f"w{number % 3}",
            "score_a": number // 3 * 0.5,
            "score_b": 1.0,
            "preference": rng.choice(["left", "right"]),
        }
        for number in range(rows)
    ]


def pandalm(rows: int = ROWS) -> list[Row]:
    rng = random.Random(10)
    return [
        {
            "idx": number,
            "instruction": _text(rng),
            "response1": _text(rng),
            "response2": _text(rng),
            "annotator1": rng.choice([0, 1, 2]),
            "annotator2": rng.choice([0, 1, 2]),
            "annotator3": str(rng.choice([0, 1, 2])),
        }
        for number in range(rows)
    ]


def arena(rows: int = ROWS) -> list[Row]:
    rng = random.Random(11)
    return [
        {
            "question_id": f"b{number}",
            "model_a": rng.choice(["m1", "m2"]),
            "model_b": rng.choice(["m3", "m4"]),
            "winner": rng.choice(["model_a", "model_b", "tie", "tie (bothbad)"]),
            "judge": "someone",
            "tstamp": 1_684_000_000.25 + number,
        }
        for number in range(rows)
    ]


def _talk(rng: random.Random, asked: str) -> list[Row]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": _text(rng)}]


def arena_old(rows: int = ROWS) -> list[Row]:
    rng = random.Random(18)
    made = []
    for number in range(rows):
        asked = f"What of {number // 3}?"
        made.append(
            {
                "question_id": f"{rng.getrandbits(64):x}",
                "model_a": rng.choice(["m1", "m2"]),
                "model_b": rng.choice(["m3", "m4"]),
                "winner": ("model_a", "model_b", "tie", "tie (bothbad)")[number % 4],
                "judge": f"arena_user_{number % 5}",
                "conversation_a": _talk(rng, asked),
                "conversation_b": _talk(rng, asked),
                "turn": 1,
                "anony": True,
                "language": ("English", "German")[number % 2],
                "tstamp": 1_684_000_000.25 + number,
            }
        )
    return made


def arena_140k(rows: int = ROWS) -> list[Row]:
    rng = random.Random(19)
    made = []
    for number, row in enumerate(arena_old(rows)):
        style: Row = {}
        for side in ("a", "b"):
            style |= {
                f"sum_assistant_{side}_tokens": rng.randrange(900),
                f"header_count_{side}": {"h1": rng.randrange(2), "h2": rng.randrange(4)},
                f"list_count_{side}": {"ordered": number % 3, "unordered": 1} if number % 2 else number,
                f"bold_count_{side}": {"**": rng.randrange(9), "__": 0},
            }
        kept = {name: row[name] for name in ("model_a", "model_b", "language")}
        talks = {
            name: [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in row[name]]
            for name in ("conversation_a", "conversation_b")
        }
        made.append(
            {
                "id": f"{number:032x}",
                **kept,
                "winner": "both_bad" if row["winner"] == "tie (bothbad)" else row["winner"],
                "evaluation_session_id": f"s{number // 4}",
                **talks,
                "conv_metadata": style,
                "is_code": number % 5 == 0,
                "timestamp": f"2025-04-0{number % 9 + 1}T10:00:00+00:00",
            }
        )
    return made


def mt_bench(rows: int = ROWS) -> list[Row]:
    rng = random.Random(20)
    return [
        {
            "question_id": 81 + number // 4,
            "model_a": "m1",
            "model_b": "m2",
            "winner": rng.choice(["model_a", "model_b", "tie"]),
            "judge": f"expert_{number % 3}",
            "conversation_a": _talk(rng, f"Write {number // 4}.") * 2,
            "conversation_b": _talk(rng, f"Write {number // 4}.") * 2,
            "turn": number % 2 + 1,
        }
        for number in range(rows)
    ]


def ultrafeedback_nested(rows: int = ROWS) -> list[Row]:
    rng = random.Random(21)
    aspects = ("helpfulness", "honesty", "instruction_following", "truthfulness")
    made = []
    for number in range(rows):
        completions = []
        for model in ("m1", "m2", "m3", "m4"):
            marks = {name: {"Rating": str(rng.randrange(3, 6)), "Rationale": "…"} for name in aspects}
            if number % 6 == 0:
                marks["honesty"]["Rating"] = "N/A"
            completions.append(
                {
                    "model": model,
                    "response": _text(rng),
                    "annotations": marks,
                    "overall_score": float(rng.randrange(1, 10)),
                    "fine_grained_score": rng.randrange(4, 20) / 4,
                    "critique": "…",
                }
            )
        made.append(
            {
                "source": ("evol_instruct", "sharegpt")[number % 2],
                "instruction": _text(rng, 6),
                "models": ["m1", "m2", "m3", "m4"],
                "completions": completions,
                "correct_answers": ["None"],
                "incorrect_answers": ["None"],
            }
        )
    return made


def nectar(rows: int = ROWS) -> list[Row]:
    rng = random.Random(22)
    made = []
    for number in range(rows):
        ranks = rng.sample([1.0, 2.0, 3.0, 3.0], 4)
        answers = [{"answer": _text(rng), "model": f"m{place}", "rank": rank} for place, rank in enumerate(ranks)]
        made.append(
            {
                "prompt": f"\n\nHuman: {_text(rng)}\n\nAssistant: ",
                "answers": answers,
                "turns": 1,
                "num_responses": 4,
                "source": [["lmsys"], ["sharegpt"]][number % 2],
                "good_natured": True,
            }
        )
    return made


def best_of_n(rows: int = ROWS) -> list[Row]:
    rng = random.Random(23)
    return [
        {
            "prompt_id": f"p{number}",
            "prompt": _text(rng),
            "responses": [_text(rng) for _ in range(4)],
            "rewards": [round(rng.random(), 3) for _ in range(4)],
            "correct": [rng.random() < 0.5 for _ in range(4)],
        }
        for number in range(rows)
    ]


def unpaired(rows: int = ROWS) -> list[Row]:
    rng = random.Random(24)
    return [{"prompt": _text(rng), "completion": _text(rng), "label": rng.random() < 0.5} for _ in range(rows)]


def stepwise(rows: int = ROWS) -> list[Row]:
    rng = random.Random(25)
    return [
        {
            "prompt": _text(rng),
            "completions": [_text(rng) for _ in range(3)],
            "labels": [True, True, rng.random() < 0.5],
        }
        for _ in range(rows)
    ]


def argilla(rows: int = ROWS) -> list[Row]:
    rng = random.Random(26)
    return [
        {
            "source": "flan",
            "instruction": _text(rng),
            "chosen_response": _text(rng),
            "rejected_response": _text(rng),
            "chosen_avg_rating": rng.choice([5.0, 4.5]),
            "rejected_avg_rating": rng.choice([3.0, 2.5]),
            "chosen_model": "m1",
            "rejected_model": "m2",
        }
        for _ in range(rows)
    ]


def ratings(rows: int = ROWS) -> list[Row]:
    rng = random.Random(27)
    return [
        {
            "worker_id": f"w{number % 5}",
            "item_id": f"i{number // 3}",
            "rating": rng.randrange(1, 6),
            "submitted": "x",
            "created_at": f"2024-03-0{number % 9 + 1}T09:00:00Z",
        }
        for number in range(rows)
    ]


def evaluations(rows: int = ROWS) -> list[Row]:
    """As people fill in sheets: five degrees, the order of the two models by chance, a time each."""
    rng = random.Random(28)
    made = []
    for number in range(rows):
        a, b = ("m1", "m2") if rng.random() < 0.5 else ("m2", "m1")
        made.append(
            {
                "id": float(number),
                "prompt": f"What of {number // 2}?",
                "model_a": a,
                "model_b": b,
                "completion_a": f"{a} says {number // 2}",
                "completion_b": f"{b} says {number // 2}",
                "completion_a_is_acceptable": "yes",
                "preference": rng.choice(["a-is-better", "a-is-slightly-better", "tie", "b-is-better"]),
                "comment": None,
                "evaluator": f"e{number % 2}",
                "timestamp": datetime(2023, 5, 18 + number % 9, 12, 30),
            }
        )
    return made


def llmbar_orders(rows: int = ROWS) -> list[Row]:
    """A judge asked in both orders, blocked in one of every ninth item and in both of the first."""
    made = []
    for number, row in enumerate(llmbar(rows)):
        winners = [None if number % 9 == 0 else "1", None if number == 0 else "12"[number % 2]]
        named = {f"swap = {bool(place)}": {"winner": winner} for place, winner in enumerate(winners)}
        made.append({**row, "results": [{"swap = False": {"completion": ["x", ""]}}, named]})
    return made


def pandalm_judge(rows: int = ROWS) -> list[Row]:
    words: list[Any] = ["1", 2, "Tie", "garbage", 0]
    return [
        {"idx": number, "gpt_result": words[number % 5], "gpt_reason": "…", "gpt_reference": ""}
        for number in range(rows)
    ]


def llmbar(rows: int = ROWS) -> list[Row]:
    rng = random.Random(12)
    return [
        {
            "input": _text(rng),
            "output_1": _text(rng),
            "output_2": _text(rng),
            "label": rng.choice([1, 2]),
            "results": [
                {
                    "score_1": [str(rng.randrange(11)) if number % 9 else "", "stop"],
                    "score_2": [str(rng.randrange(11)), "stop"],
                    "swap = False": {"winner": "1"},
                    "swap = True": {"winner": "2"},
                }
            ],
        }
        for number in range(rows)
    ]


def alpaca(rows: int = ROWS) -> list[Row]:
    rng = random.Random(13)
    return [
        {
            "instruction": _text(rng),
            "output_1": _text(rng),
            "generator_1": "base",
            "output_2": _text(rng),
            "generator_2": "ours",
            "dataset": "koala",
            "annotator": "judge",
            "preference": rng.choice([0, 1, 1.5, 2, 1.73]),
        }
        for _ in range(rows)
    ]


def trainer_state(rows: int = ROWS) -> bytes:
    rng = random.Random(14)
    history: list[Row] = []
    for step in range(1, rows + 1):
        history.append({"step": step * 10, "epoch": step / 10, "loss": rng.random(), "rewards/margins": step / 100})
        if step % 4 == 0:
            history.append({"step": step * 10, "epoch": step / 10, "eval_loss": rng.random(), "eval_runtime": 1.5})
    return json.dumps(
        {"epoch": 1.0, "global_step": rows * 10, "best_metric": None, "log_history": history}, indent=2
    ).encode()


def log(rows: int = ROWS) -> list[Row]:
    rng = random.Random(15)
    return [
        {"step": step, "loss": rng.random(), "reward_avg": rng.random(), "eval_acc": 15.6 if step % 8 == 0 else ""}
        for step in range(1, rows + 1)
    ]


def rollouts(rows: int = ROWS) -> list[Row]:
    rng = random.Random(16)
    return [
        {
            "step": number // 4,
            "prompt": _text(rng),
            "completion": _text(rng),
            "reward": rng.gauss(0, 1),
            "kl": rng.random(),
        }
        for number in range(rows)
    ]


def trl_completions(rows: int = ROWS) -> list[Row]:
    """As TRL's GRPO writes them: conversations, a column a reward function, which may have nothing to say."""
    rng = random.Random(29)
    made = []
    for number in range(rows):
        asked = _text(random.Random(number // 4), 8)
        made.append(
            {
                "step": number // 8 + 1,
                "prompt": [{"role": "user", "content": asked}],
                "completion": [{"role": "assistant", "content": _text(rng)}],
                "accuracy_reward": float(rng.random() < 0.5),
                "format": None if number % 5 == 0 else round(rng.random(), 3),
                "advantage": round(rng.gauss(0, 1), 4),
            }
        )
    return made


def verl_rollouts(rows: int = ROWS) -> list[Row]:
    """As veRL dumps one step: what the reward function says besides stands behind the score."""
    rng = random.Random(30)
    return [
        {
            "input": f"user\n{_text(random.Random(number // 4))}\nassistant\n",
            "output": _text(rng),
            "gts": str(number),
            "score": round(rng.random(), 3),
            "step": 40,
            "acc": rng.random() < 0.5,
            "pred": str(number % 7),
            "overlong_reward": -0.5 if number % 6 == 0 else 0.0,
        }
        for number in range(rows)
    ]


def rl_logging_board(rows: int = ROWS) -> list[Row]:
    rng = random.Random(31)
    made = []
    for number in range(rows):
        tokens = [f"{rng.choice(_WORDS)} " for _ in range(rng.randrange(2, 9))]
        made.append(
            {
                "prompt": _text(random.Random(number // 4)),
                "response": "".join(tokens),
                "response_tokens": tokens,
                "logprobs": [round(-rng.random(), 4) for _ in tokens],
                "ref_logprobs": [round(-rng.random(), 4) for _ in tokens],
                "values": [round(rng.gauss(0, 1), 4) for _ in tokens],
                "token_rewards": [0.0 for _ in tokens],
                "reward": round(rng.gauss(0, 1), 4),
                "step": number // 8,
                "ref_response": "as before",
                "ref_reward": 0.1,
            }
        )
    return made


def openrlhf_samples(rows: int = ROWS) -> list[Row]:
    """The table of generated samples: prompt and answer as one text."""
    rng = random.Random(32)
    return [
        {"global_step": number // 4, "text": _text(rng), "reward": round(rng.random(), 3)} for number in range(rows)
    ]


def sweep() -> bytes:
    head = "trial;loss-1;rewards/accuracies-1;loss-2;rewards/accuracies-2\n"
    rows = "".join(f'"(beta=0.{row}, name=""x"")";0,{row + 1};0,6;0,5;;\n'.replace(";;\n", ";\n") for row in range(6))
    return (head + rows).encode()


def leaderboard(rows: int = 6) -> bytes:
    body = "".join(f"model {row},{50 + row}.5,1.25,{row},minimal\n" for row in range(rows))
    return (",win_rate,standard_error,n_wins,mode\n" + body).encode()


def history(rows: int = 6) -> bytes:
    names = ",".join(f"model-{column}" for column in range(8))
    body = "".join(f"2023050{row + 1}," + ",".join(["0.0", "1001.5"] * 4) + "\n" for row in range(rows))
    return f",{names}\n{body}".encode()


FILES: dict[str, Callable[[], bytes]] = {
    "judgebench.jsonl": lambda: lines(judgebench()),
    "helpsteer.json": lambda: json.dumps(helpsteer()).encode(),
    "helpsteer.parquet": lambda: parquet(helpsteer()),
    "ultrafeedback.jsonl": lambda: lines(ultrafeedback()),
    "ultrafeedback.json": lambda: json.dumps(ultrafeedback(), indent=1).encode(),
    "hh_rlhf.jsonl": lambda: lines(hh_rlhf()),
    "hh_rlhf.jsonl.gz": lambda: gzip.compress(lines(hh_rlhf()), mtime=0),
    "rewardbench.jsonl": lambda: lines(rewardbench()),
    "rewardbench.json": lambda: json.dumps(
        {name: [row[name] for row in rewardbench()] for name in rewardbench()[0]}
    ).encode(),
    "rewardbench2.jsonl": lambda: lines(rewardbench2()),
    "rewardbench2.parquet": lambda: parquet(rewardbench2()),
    "pairs.csv": lambda: table(pairs()),
    "pairs.tsv": lambda: table(pairs(), "\t"),
    "pairs_semicolon.csv": lambda: table(pairs(), ";").replace(b".", b","),
    "pairs.parquet": lambda: parquet(pairs()),
    "pairs.xlsx": lambda: workbook({"notes": [["Pairs"]], "data": cells(pairs())}),
    "evaluations.xlsx": lambda: workbook({"sheet": cells(evaluations())}),
    "pairs.csv.gz": lambda: gzip.compress(table(pairs()), mtime=0),
    "pairs_utf16.csv": lambda: table(pairs()).decode().encode("utf-16"),
    "scores.jsonl": lambda: lines(scores()),
    "scores.csv": lambda: table(scores()),
    "votes.jsonl": lambda: lines(votes()),
    "pandalm.json": lambda: json.dumps(pandalm()).encode(),
    "arena.jsonl": lambda: lines(arena()),
    "arena_old.jsonl": lambda: lines(arena_old()),
    "arena_140k.parquet": lambda: parquet(arena_140k()[1::2]),
    "arena_140k.jsonl": lambda: lines(arena_140k()),
    "mt_bench.json": lambda: json.dumps(mt_bench()).encode(),
    "ultrafeedback_nested.jsonl": lambda: lines(ultrafeedback_nested()),
    "ultrafeedback_nested.parquet": lambda: parquet(ultrafeedback_nested()),
    "nectar.jsonl": lambda: lines(nectar()),
    "best_of_n.jsonl": lambda: lines(best_of_n()),
    "best_of_n.parquet": lambda: parquet(best_of_n()),
    "unpaired.jsonl": lambda: lines(unpaired()),
    "stepwise.jsonl": lambda: lines(stepwise()),
    "argilla.json": lambda: json.dumps(argilla()).encode(),
    "ratings.csv": lambda: table(ratings()),
    "llmbar_orders.json": lambda: json.dumps(llmbar_orders()).encode(),
    "pandalm_judge.json": lambda: json.dumps(pandalm_judge()).encode(),
    "llmbar.json": lambda: json.dumps(llmbar()).encode(),
    "alpaca.json": lambda: json.dumps(alpaca()).encode(),
    "trainer_state.json": trainer_state,
    "log.csv": lambda: table(log()),
    "rollouts.jsonl": lambda: lines(rollouts()),
    "completions_00001.parquet": lambda: parquet(trl_completions()),
    "completions.jsonl": lambda: lines(trl_completions()),
    "40.jsonl": lambda: lines(verl_rollouts()),
    "rl_logging_board.jsonl": lambda: lines(rl_logging_board()),
    "openrlhf_samples.csv": lambda: table(openrlhf_samples()),
    "sweep.csv": sweep,
    "leaderboard.csv": leaderboard,
    "history.csv": history,
    **LOGS,
}
"""Every sample by a name that says its form."""
