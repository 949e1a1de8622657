"""Mutants of engine/analysis against its tests: `python -m benchmarks.mutate`.

A seeded sample of small changes of the source (a comparison, an operator, a constant, a boolean, a returned value),
each alone in a copy of the tree, each met by `pytest tests/analysis -x` without the public files. A mutant that no test
notices survives and is listed. Exits with 1 below 85 % killed.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PLUMBLINE_REAL_DATA="")

import argparse
import ast
import copy
import multiprocessing
import multiprocessing.connection
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401  what every child needs is loaded once, before they fork
import pytest
import scipy.fft
import scipy.optimize
import scipy.stats  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path("engine/analysis")
TESTS = "tests/analysis"
COPIED = ("engine", "tests", "docs", "pyproject.toml")
RESULT = Path(__file__).parent / "results" / "mutate.md"
LEAST_KILLED = 0.85
SECONDS = 1200

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the node (by its place in a walk of the tree), and the words that tell it."""

    path: Path
    node: int
    kind: str
    line: int
    change: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every change that this file offers."""
    tree = ast.parse((ROOT / path).read_text())
    words = _not_code(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in words:
            continue
        changed = mutate(copy.copy(node))
        if changed is not None:
            kind, new = changed
            told = f"{ast.unparse(node)} → {ast.unparse(new)}"
            yield Mutant(path, number, kind, getattr(node, "lineno", 0), told)


def _not_code(tree: ast.Module) -> set[int]:
    """Nodes whose change means nothing: documentation, annotations, `frozen=True` and the like."""
    found: set[int] = set()
    for node in ast.walk(tree):
        skipped: list[ast.AST | None] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.append(node.value)
        if isinstance(node, ast.ClassDef):
            skipped += node.decorator_list
        if isinstance(node, ast.AnnAssign):
            skipped.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            skipped += [
                node.returns,
                *(argument.annotation for argument in ast.walk(node.args) if isinstance(argument, ast.arg)),
            ]
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Subscript)
            and isinstance(node.value.value, ast.Name)
        ):
            skipped.append(node.value if node.value.value.id in {"Callable", "NDArray", "tuple", "dict"} else None)
        found |= {id(inner) for part in skipped if part is not None for inner in ast.walk(part)}
    return found


def mutate(node: ast.AST) -> tuple[str, ast.AST] | None:
    """The changed node, or None where this kind of node is left alone."""
    if isinstance(node, ast.Compare):
        return "comparison", ast.Compare(node.left, [COMPARISONS[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return "operator", ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    if isinstance(node, ast.BoolOp):
        return "boolean", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if isinstance(node, ast.UnaryOp):
        return "operator", node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return "boolean", ast.Constant(not node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return "constant", ast.Constant(node.value + 1)
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        return "return", ast.Return(ast.Constant(None))
    return None


def write(mutant: Mutant, tree_home: Path) -> None:
    """Put the mutant's file into the copy."""
    tree = ast.parse((tree_home / mutant.path).read_text())
    node = list(ast.walk(tree))[mutant.node]
    changed = mutate(copy.copy(node))
    assert changed is not None

    class Swap(ast.NodeTransformer):
        def visit(self, visited: ast.AST) -> ast.AST:
            return changed[1] if visited is node else self.generic_visit(visited)

    (tree_home / mutant.path).write_text(ast.unparse(ast.fix_missing_locations(Swap().visit(tree))))


def run_tests(tree_home: Path, mutant: Mutant | None) -> None:
    """In a child: change the file, run its tests, exit with pytest's code."""
    os.chdir(tree_home)
    sys.path.insert(0, str(tree_home))
    sys.dont_write_bytecode = True
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    files = sorted(Path(TESTS).glob("test_*.py"))
    if mutant is not None:
        write(mutant, tree_home)
        files = tests_of(mutant.path, files)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain", "--timeout=60"]
    os._exit(pytest.main([*options, *map(str, files)]))


def tests_of(path: Path, files: list[Path]) -> list[Path]:
    """The tests that a file of the analyses answers to, the nearest first.

    A file of one analysis answers to its tests alone: those of another that notice would be noticing by chance. The
    first analysis also has the tests that name none, what all share has every test.
    """
    analyses = sorted(one.name for one in TARGET.iterdir() if (one / "__init__.py").is_file())
    owner = path.relative_to(TARGET).parts[0]

    def named(file: Path) -> str:
        return next((name for name in analyses if name in file.stem), "")

    answering = {"calibration": {"calibration", ""}}.get(owner, {owner})
    kept = [file for file in files if named(file) in answering] if owner in analyses else files
    return sorted(kept or files, key=lambda file: (path.stem[:8] not in file.name, file.name))


def copy_tree(home: Path) -> Path:
    """What the tests need, in an empty folder."""
    home.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, home / name, ignore=ignore)
        else:
            shutil.copy(source, home / name)
    return home


def meet(mutants: list[Mutant | None], workers: int, home: Path) -> Iterator[tuple[int, str | None]]:
    """Each mutant's place and what noticed it: "test", "time" or None; one child a mutant."""
    fork = multiprocessing.get_context("fork")
    pristine = copy_tree(home / "pristine")
    free = [copy_tree(home / str(number)) for number in range(workers)]
    running: dict[int, tuple[Any, float, int, Path]] = {}
    waiting = list(enumerate(mutants))
    while waiting or running:
        while waiting and free:
            place, mutant = waiting.pop(0)
            child = fork.Process(target=run_tests, args=(free[-1], mutant))
            child.start()
            running[child.sentinel] = (child, time.monotonic() + SECONDS, place, free.pop())
        multiprocessing.connection.wait(list(running), timeout=5)
        for sentinel, (child, deadline, place, tree_home) in list(running.items()):
            late = child.is_alive() and time.monotonic() > deadline
            if child.is_alive() and not late:
                continue
            child.kill()
            child.join()
            mutant = mutants[place]
            if mutant is not None:
                shutil.copy(pristine / mutant.path, tree_home / mutant.path)
            free.append(tree_home)
            del running[sentinel]
            yield place, "time" if late else ("test" if child.exitcode else None)


def main() -> int:
    """Draw mutants, meet them, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mutants", type=int, default=220)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--within", type=Path, default=TARGET, help="a folder or file of engine/analysis")
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    started = time.perf_counter()
    within = ROOT / chosen.within
    paths = [within] if within.is_file() else sorted(within.rglob("*.py"))
    every = [mutant for path in paths for mutant in mutants_of(path.relative_to(ROOT))]
    drawn = random.Random(chosen.seed).sample(every, min(chosen.mutants, len(every)))
    fates: list[str | None] = [None] * len(drawn)
    with tempfile.TemporaryDirectory() as home:
        if any(fate for _, fate in meet([None], 1, Path(home) / "first")):
            print("the tests fail without any mutant")
            return 1
        for number, (place, fate) in enumerate(meet(list(drawn), chosen.workers, Path(home) / "rest"), 1):
            fates[place] = fate
            mutant = drawn[place]
            print(f"{number:4} {fate or 'SURVIVED':8} {mutant.path}:{mutant.line} {mutant.change[:90]}", flush=True)
    return tell(drawn, fates, len(every), chosen.seed, time.perf_counter() - started, chosen.result)


def tell(drawn: list[Mutant], fates: list[str | None], every: int, seed: int, seconds: float, result: Path) -> int:
    """Print and write the share killed and the survivors."""
    survivors = [mutant for mutant, fate in zip(drawn, fates, strict=True) if fate is None]
    killed = len(drawn) - len(survivors)
    by_kind = Counter(mutant.kind for mutant in drawn)
    left = Counter(mutant.kind for mutant in survivors)
    head = f"{killed} of {len(drawn)} mutants killed ({killed / len(drawn):.1%}); "
    head += f"{every} possible, seed {seed}, {seconds:.0f} s."
    lines = ["# Mutants of engine/analysis", "", head, "", "| kind | drawn | killed |", "|---|---:|---:|"]
    lines += [f"| {kind} | {count} | {count - left[kind]} |" for kind, count in sorted(by_kind.items())]
    lines += ["", "## Survivors", ""]
    lines += [f"- `{mutant.path}:{mutant.line}` {mutant.kind}: `{mutant.change}`" for mutant in survivors]
    result.write_text("\n".join(lines) + "\n")
    print(head)
    return 0 if killed / len(drawn) >= LEAST_KILLED else 1


if __name__ == "__main__":
    sys.exit(main())
