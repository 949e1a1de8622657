"""Small made-up training logs, each in the form of one trainer or tracker: the same bytes each time."""

from __future__ import annotations

import json
import math
import random
import sqlite3
import struct
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]
STEPS = 24


def _noise(seed: int) -> random.Random:
    return random.Random(seed)


def lines(rows: Sequence[Row]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


# ------------------------------------------------------------------ event files


def _crc32c(data: bytes) -> int:
    """Bit by bit, as the definition has it."""
    value = 0xFFFF_FFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFF_FFFF


def _masked(data: bytes) -> bytes:
    value = _crc32c(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFF_FFFF)


def record(data: bytes) -> bytes:
    """One record of an event file."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def far_record(size: int) -> bytes:
    """The beginning of a record that is said to be so long."""
    length = struct.pack("<Q", size)
    return length + _masked(length)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def message(number: int, data: bytes) -> bytes:
    """A field of bytes."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def event(time: float, step: int, values: Sequence[bytes]) -> bytes:
    """An event with a summary."""
    summary = b"".join(message(1, value) for value in values)
    return b"\x09" + struct.pack("<d", time) + b"\x10" + _varint(step) + message(5, summary)


def simple(tag: str, value: float) -> bytes:
    """A scalar in the old form."""
    return message(1, tag.encode()) + b"\x15" + struct.pack("<f", value)


def tensor(tag: str, value: float) -> bytes:
    """A scalar in the new form."""
    plugin = message(9, message(1, message(1, b"scalars")))
    return message(1, tag.encode()) + message(8, b"\x08\x01" + message(5, struct.pack("<f", value))) + plugin


VERSION = record(b"\x09" + struct.pack("<d", 1.7e9) + message(3, b"brain.Event:2"))


def events(steps: int = STEPS) -> bytes:
    """A file of PyTorch's writer, with a histogram and a text between the scalars."""
    rng = _noise(31)
    out = VERSION
    for step in range(1, steps + 1):
        values = [simple("train/loss", rng.random()), simple("train/rewards/margins", step / 100)]
        values += [tensor("eval/loss", rng.random()), message(1, b"weights") + message(5, b"\x09" + bytes(8))]
        out += record(event(1.7e9 + step, step * 10, values))
    return out


# ------------------------------------------------------------------ console logs


def chat(steps: int = STEPS, epochs: int = 2) -> bytes:
    """DeepSpeed-Chat: warnings in between, the reward in the line after, steps that begin again with each epoch."""
    rng = _noise(32)
    out = ["cmd = deepspeed main.py --seed 1234", "***** Running training *****", f"Total Generation Batches {steps}"]
    for epoch in range(epochs):
        for step in range(steps // epochs):
            if step % 3 == 0:
                out.append(
                    "[2023-04-18 08:48:01,543] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, lr=[5e-07, 5e-07]"
                )
            act, critic = rng.random(), rng.random()
            out.append(f"epoch: {epoch}|step: {step}|ppo_ep: 1|act_loss: {act}|cri_loss: {critic}|unsuper_loss: 0.0")
            if step % 4 == 0:
                out.append("warnings.warn('lm_head was not found')")
            out.append(f"average reward score: {step / 10}")
            out.append("-" * 40)
            out.append("|E2E latency=7.99s |Generate time=5.26s (65.81%) |Others=0.22 (2.73%)|CurSamplesPerSec=8.01 ")
    return "\n".join([*out, ""]).encode()


def printed(steps: int = STEPS) -> bytes:
    """What Hugging Face's trainer prints: no steps, progress bars before, a summary at the end."""
    rng = _noise(33)
    out = ["Loading checkpoint shards: 100%|####| 2/2 [00:01<00:00]", "Using the `WANDB_DISABLED` environment variable"]
    for step in range(1, steps + 1):
        row = {"loss": round(rng.random(), 4), "grad_norm": 1.5, "learning_rate": 5e-05, "rewards/margins": step / 100}
        out.append(f"  {step}%|#  | {step}/{steps} [00:10<00:20,  1.2it/s]\r{ ({**row, 'epoch': step / 10}) }")
        if step % 4 == 0:
            out.append(
                str({"eval_loss": round(rng.random(), 4), "eval_rewards/margins": step / 90, "epoch": step / 10})
            )
    out.append(str({"train_runtime": 123.4, "train_loss": 0.5, "epoch": 1.0}))
    return "\n".join([*out, ""]).encode()


def assigned(steps: int = STEPS) -> bytes:
    """A logger's lines with `name: value`, `name=value` and the time."""
    rng = _noise(34)
    out = ["2025-08-28 21:17:17,216 - INFO - Device: cpu, Seed: 42", "2025-08-28 21:17:17,300 - INFO - Starting"]
    for step in range(1, steps + 1):
        loss, kl, reward = rng.random(), rng.random(), step / 10
        moment = f"2025-08-28 21:{17 + step // 60:02d}:{step % 60:02d},100 - INFO - "
        out.append(f"{moment}Step {step * 5} | loss: {loss:.4f} | kl={kl:.4f} | reward_mean: {reward:.2f}")
        if step % 6 == 0:
            out.append(f"{moment}Saved checkpoint: runs/x/checkpoint_step_{step}.pt")
    return "\n".join([*out, ""]).encode()


# ------------------------------------------------------------------ exports


def wandb(points: int = STEPS) -> bytes:
    """Two runs of three metrics, the extremes beside; the second run begins later."""
    rng = _noise(35)
    names = ["grpo-a - train/kl", "grpo-b - train/kl", "grpo-a - train/reward", "grpo-b - train/reward"]
    names += [f"grpo-{run} - train/frac_reward_zero_std" for run in "ab"]
    header = ["Step", *(name + end for name in names for end in ("", "__MIN", "__MAX"))]
    out = [",".join(f'"{name}"' for name in header)]
    for point in range(points):
        cells = [str(point * 7 + point % 3)]
        for place in range(len(names)):
            value = f"{rng.random():.6f}" if place % 2 == 0 or point >= points // 4 else ""
            cells += [value] * 3
        out.append(",".join(f'"{cell}"' for cell in cells))
    return "\n".join([*out, ""]).encode()


def wandb_history(points: int = STEPS) -> list[Row]:
    """What scan_history() gives: the tracker's step beside the trainer's, rows of either."""
    made: list[Row] = []
    for point in range(points):
        row: Row = {
            "_step": point * 2,
            "_timestamp": 1.7e9 + point,
            "_runtime": float(point),
            "train/loss": 1 / (point + 1),
        }
        made.append({**row, "train/global_step": point * 10, "train/reward": point / 10, "train/epoch": point / 100})
        if point % 6 == 5:
            made.append(
                {"_step": point * 2 + 1, "_timestamp": 1.7e9 + point, "eval/loss": 0.5, "train/global_step": point * 10}
            )
    return made


def long(points: int = STEPS) -> list[Row]:
    """One row a point, as MLflow exports it."""
    return [
        {
            "key": name,
            "value": point / 10 if name == "reward" else 1 / (point + 1),
            "step": point,
            "timestamp": 1.7e9 + point,
        }
        for point in range(points)
        for name in ("reward", "loss")
    ]


def trackio(runs: Sequence[str] = ("ppo-1", "ppo-2"), steps: int = 12, configs: bool = True) -> bytes:
    """A database of Trackio's, with other tables beside."""
    with sqlite3.connect(":memory:") as base:
        base.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, timestamp TEXT NOT NULL, "
            "run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL)"
        )
        base.execute(
            "CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT, created_at TEXT)"
        )
        base.execute("CREATE TABLE system_metrics (id INTEGER PRIMARY KEY, metrics TEXT)")
        base.execute("CREATE TABLE alerts (id INTEGER PRIMARY KEY, title TEXT)")
        for place, run in enumerate(runs):
            key = f"{place:032x}"
            for step in range(steps):
                logged = {
                    "objective/scores": step / 10 + place,
                    "objective/kl": step * 1.5,
                    "table": {"_type": "trackio.table"},
                }
                logged["loss"] = "NaN" if step == 3 else math.exp(-step)
                when = f"2025-09-01T10:{place:02d}:{step:02d}+00:00"
                base.execute(
                    "INSERT INTO metrics VALUES (NULL, ?, ?, ?, ?, ?)", (key, when, run, step, json.dumps(logged))
                )
            config = {
                "learning_rate": 1e-5 * (place + 1),
                "optim": {"beta": 0.9},
                "name": "x",
                "_Username": "u",
                "fp16": True,
            }
            if configs:
                made = (place, key, run, json.dumps(config), "2025-09-01T10:00:00+00:00")
                base.execute("INSERT INTO configs VALUES (?, ?, ?, ?, ?)", made)
        base.commit()
        return base.serialize()


# ------------------------------------------------------------------ trainers


def ppo(steps: int = STEPS) -> list[Row]:
    """TRL's PPO."""
    rng = _noise(36)
    made = []
    for step in range(1, steps + 1):
        row: Row = {
            "eps": 11,
            "objective/kl": step * 0.8,
            "objective/entropy": 70.0 - step,
            "objective/scores": step / 10,
        }
        row |= {"objective/rlhf_reward": step / 11, "policy/approxkl_avg": rng.random(), "policy/entropy_avg": 2.5}
        made.append(
            {**row, "loss/policy_avg": rng.random(), "loss/value_avg": rng.random(), "lr": 1e-6, "step": step * 10}
        )
    return made


def grpo(steps: int = STEPS, sign: float = 1.0) -> list[Row]:
    """TRL's GRPO (and RLOO, whose kl may be negative)."""
    rng = _noise(37)
    made = []
    for step in range(1, steps + 1):
        row: Row = {"loss": rng.random(), "reward": step / 10, "reward_std": 0.3, "frac_reward_zero_std": 0.25}
        row |= {
            "rewards/accuracy_reward/mean": step / 20,
            "rewards/accuracy_reward/std": 0.2,
            "kl": sign * rng.random(),
        }
        row |= {"completions/mean_length": 100.0 + step, "completions/clipped_ratio": 0.1, "entropy": 1.2}
        made.append({**row, "clip_ratio/region_mean": 0.01, "step_time": 3.5, "epoch": step / 100, "step": step})
    return made


def verl(steps: int = STEPS) -> list[Row]:
    """veRL's file logger: validation appears at some steps only."""
    rng = _noise(38)
    made = []
    for step in range(1, steps + 1):
        row: Row = {"actor/kl_loss": rng.random(), "actor/ppo_kl": rng.random() / 100, "actor/entropy": 0.8}
        row |= {"critic/score/mean": step / 10, "response_length/mean": 300.0, "response_length/clip_ratio": 0.05}
        row |= {"training/global_step": step, "timing_s/step": 30.0}
        if step % 10 == 0:
            row["val-core/openai/gsm8k/reward/mean@8"] = step / 50
        made.append({"step": step, "data": row})
    return made


def openrlhf(steps: int = STEPS) -> list[Row]:
    """OpenRLHF's scalars, as one row a step; evaluation has a step of its own."""
    rng = _noise(39)
    made: list[Row] = []
    for step in range(1, steps + 1):
        row: Row = {"train/policy_loss": rng.random(), "train/critic_loss": rng.random(), "train/reward": step / 10}
        row |= {"train/kl": rng.random(), "train/ppo_kl": rng.random() / 10, "train/response_length": 200.0 + step}
        row |= {"train/group_reward_std": 0.4, "train/rollout/truncated_rate": 0.02, "train/actor_lr": 1e-6}
        made.append({**row, "train/rollout/reward_std": 0.7, "train/global_step": step})
        if step % 8 == 0:
            made.append({"eval/eval_gsm8k_pass1": step / 60, "eval/global_step": step})
    return made


def llama_factory(steps: int = STEPS) -> list[Row]:
    """LLaMA-Factory's trainer_log.jsonl."""
    rng = _noise(40)
    made: list[Row] = []
    for step in range(1, steps + 1):
        row: Row = {"current_steps": step * 10, "total_steps": steps * 10, "loss": rng.random(), "lr": 5e-5}
        row |= {"epoch": step / 10, "percentage": 100 * step / steps, "elapsed_time": f"0:00:{step:02d}"}
        made.append({**row, "remaining_time": "0:01:00", "throughput": 1234.5, "total_tokens": step * 4096})
    return made


def reward_model(steps: int = STEPS) -> list[Row]:
    """OpenRLHF's reward model."""
    return [
        {
            "step": step,
            "loss": 1 / step,
            "acc": 0.5 + step / 100,
            "chosen_reward": step / 10,
            "reject_reward": -step / 10,
        }
        for step in range(1, steps + 1)
    ]


def trials(rows: int = 12) -> list[Row]:
    """A plain sweep without steps; two trials failed."""
    made = []
    for row in range(rows):
        reward = "" if row in (3, 7) else round(1 - (row % 4 - 1.5) ** 2 / 10, 4)
        given = {"lr": (1e-6, 3e-6, 1e-5)[row % 3], "beta": (0.05, 0.1, 0.2, 0.4)[row % 4], "seed": row // 3}
        kl = "" if reward == "" else row / 2
        made.append({**given, "loss_type": ("sigmoid", "ipo")[row % 2], "reward": reward, "kl": kl})
    return made


def _table(rows: Sequence[Row]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    body = [",".join(str(row.get(name, "")) for name in names) for row in rows]
    return "\n".join([",".join(names), *body, ""]).encode()


LOGS: dict[str, Callable[[], bytes]] = {
    "events.out.tfevents.1700000000.host.1.0": events,
    "chat.log": chat,
    "printed.log": printed,
    "assigned.log": assigned,
    "wandb.csv": wandb,
    "wandb_history.jsonl": lambda: lines(wandb_history()),
    "long.csv": lambda: _table(long()),
    "trackio.db": trackio,
    "ppo.csv": lambda: _table(ppo()),
    "grpo.jsonl": lambda: lines(grpo()),
    "verl.jsonl": lambda: lines(verl()),
    "openrlhf.jsonl": lambda: lines(openrlhf()),
    "trainer_log.jsonl": lambda: lines(llama_factory()),
    "reward_model.csv": lambda: _table(reward_model()),
    "trials.csv": lambda: _table(trials()),
}
"""Every log by a name that says its form."""
