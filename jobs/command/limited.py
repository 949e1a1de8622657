"""Files read by the limited child into a temporary folder: a bomb ends the child and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from engine.formats import report_from_dict
from engine.formats.segments import segment_rows
from engine.standalone import FileRows, Progress, name_of
from engine.types import Rows
from jobs.children import Child


class LimitedRows(FileRows):
    """The rows of one file, from the segment the child wrote."""

    def __init__(self, path: Path, mapping: Mapping[str, str], child: Child, folder: Path) -> None:
        super().__init__(path, mapping)
        self._child = child
        self._folder = folder
        self._segment = folder

    def read(self, progress: Progress) -> None:
        """Have the child read the file; `report` is complete afterwards."""
        done = self._child.read(self.path.resolve(), name_of(self.path), self.mapping, self._folder, progress=progress)
        assert done.segment_path is not None
        self._segment, self.report = done.segment_path, report_from_dict(done.report)

    def rows(self) -> Rows:
        """The numeric view of the segment."""
        return segment_rows(self._segment, self.reads, self.where)

    def tables(self) -> Iterator[pa.Table]:
        """The segment, group by group."""
        segment = pq.ParquetFile(self._segment)
        for group in range(segment.num_row_groups):
            yield segment.read_row_group(group, use_threads=False)


@contextmanager
def limited_files() -> Iterator[Callable[[Path, Mapping[str, str]], FileRows]]:
    """How to open files while the child lives."""
    with TemporaryDirectory(prefix="plumbline-") as folder, Child() as child:
        yield lambda path, mapping: LimitedRows(path, mapping, child, Path(folder))
