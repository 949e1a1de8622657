"""Who may do what: every action and every read, by everybody there is, written down in `role_matrix.md`.

The table is what is promised; `test_matrix.py` compares it with what happens. After a change of rights on purpose:

    python -m tests.access.matrix            # shows each cell that differs
    python -m tests.access.matrix --write    # writes the table; read its diff before you commit it
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).with_name("role_matrix.md")
ENGINE = Path(__file__).parents[2] / "engine"
HEAD = """# Who may do what

`yes` it is done or shown · `no` refused, and told so · `hidden` as if it were not there · `none` an empty list.
Everything is tried in the project main, or on something that belongs to somebody else where the row says *another's*.
Written by `python -m tests.access.matrix --write`, read by a person, held by `test_matrix.py`.

"""


def read_table(text: str) -> dict[tuple[str, str], str]:
    """The cells of the written table by row and column."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    head, _line, *body = rows
    return {(row[0], column): cell for row in body for column, cell in zip(head[1:], row[1:], strict=True)}


def write_table(cells: dict[tuple[str, str], str]) -> str:
    """The table as it is kept."""
    rows = list(dict.fromkeys(row for row, _column in cells))
    columns = list(dict.fromkeys(column for _row, column in cells))
    widths = [max(len(row) for row in rows), *(max(len(column), 6) for column in columns)]
    lines = [["may", *columns], ["-" * width for width in widths]]
    lines += [[row, *(cells[row, column] for column in columns)] for row in rows]
    drawn = (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
    return HEAD + "\n".join(drawn) + "\n"


def public_functions(package: str) -> Iterator[tuple[str, str]]:
    """Every public function of a package, as `module.function` and the name of its first argument."""
    for path in sorted((ENGINE / package).glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.posonlyargs, *node.args.args]
                yield f"{package}.{path.stem}.{node.name}", arguments[0].arg if arguments else ""


def differences(written: dict[tuple[str, str], str], found: dict[tuple[str, str], str]) -> list[str]:
    """One line for each cell that is not as written."""
    keys = dict.fromkeys([*written, *found])
    return [
        f"{row}, {column}: written {written.get((row, column), '(not)')}, found {found.get((row, column), '(not)')}"
        for row, column in keys
        if written.get((row, column)) != found.get((row, column))
    ]


def main() -> int:
    """Compare, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table as it is found")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"PLUMBLINE_HOME": home, "PLUMBLINE_DATABASE_URL": ""}
        from engine.store.migrate import migrate
        from tests.access.matrix_calls import every_cell

        migrate()
        found = every_cell()
    changed = differences(read_table(TABLE.read_text()) if TABLE.exists() else {}, found)
    print("\n".join(changed) or f"All {len(found)} cells are as written.")  # noqa: T201 - this is a command
    if write:
        TABLE.write_text(write_table(found))
    return 0 if write or not changed else 1


if __name__ == "__main__":
    sys.exit(main())
