"""What a run does: read a file, observe segments, make a long list of segments short.

Everything heavy happens in the executor. Here is decided what to read and how it goes on, and each run ends in one
transaction: `runs.finish` or `runs.fail`.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from engine import alarms, logs
from engine.actions import archives, forecasts, runs
from engine.actions.archives import Unpacked
from engine.actions.merging import merged
from engine.actions.runs import NewSegment, Work
from engine.analysis import ANALYSES, expected
from engine.errors import Conflict, InputRefused, LimitExceeded, PlumblineError, StoreUnavailable, UsageError
from engine.queries import mappings
from engine.queries.forecasts import due as forecasts_due
from engine.queries.results import MISTAKES, answer_of, found_params, others_of
from engine.queries.segments import count_rows
from engine.queries.states import Observed, StatesMissingError, observed
from engine.settings import get_settings
from engine.store import datasets
from engine.store.engine import fetch
from jobs import disk, lately
from jobs.children import ReadDone
from jobs.executor import Executor, Hand, WorkerLostError
from jobs.inbox import is_growing, open_regular
from jobs.observing import Partial
from jobs.partials import Partials

READ_SHARE = 0.8
"""Share of a reading's progress that is the reading itself; the rest is observing."""

OTHERS_SECONDS = 10.0
"""How often what may ring beside the leading answer is concluded while rows of a dataset keep arriving."""

_others_asked: dict[int, float] = {}

QUIET_SECONDS = 0.3
"""Work that is over sooner says nothing of its progress: each word of it would cost more than the work."""

OBSERVED_AT_ONCE = 200_000
"""Rows of a segment up to which every analysis observes it when a file is read; beyond, when its page is opened."""

CROWD = 100
"""Waiting runs from which on a segment, however small, is observed for its answer only: all answers come first, and the
other analyses observe it when somebody opens their page."""

UNFINISHED_KEPT_SECONDS = 3600.0

WAITING = "SELECT count(*) FROM (SELECT 1 FROM run WHERE state = 'queued' LIMIT :crowd) AS waiting"

TWINS = """
SELECT twin.name FROM version AS v JOIN dataset AS twin ON twin.id = v.dataset_id AND twin.version = v.number
WHERE v.sha256 = :manifest AND twin.id <> :dataset AND twin.removed_at IS NULL
AND +twin.project_id = (SELECT project_id FROM dataset WHERE id = :dataset)
"""

_one_first_version = threading.Lock()

log = logging.getLogger("runner")

HandT = TypeVar("HandT", bound=Hand)


def perform(work: Work, executor: Executor) -> None:
    """Do a claimed run to its end."""
    do_by_name(work, executor, _observe if work.kind == "observe" else _read)


def do_by_name(work: Work, hand: HandT, do: Callable[[Work, HandT, Path], None]) -> None:
    """Have a claimed run done. One that is not ours any more is left alone; whatever else fails, fails by name."""
    with logs.bound(run_id=work.run_id):
        _perform(work, hand, do, again=True)


def _perform(work: Work, executor: HandT, do: Callable[[Work, HandT, Path], None], *, again: bool) -> None:
    executor.begin(f"{work.run_id}-{work.attempt}")
    try:
        with _folder(work) as folder:
            do(work, executor, folder)
    except StoreUnavailable:
        raise
    except WorkerLostError as error:
        log.warning("run %d lost its worker: %s", work.run_id, error)
        _let_go(runs.give_back, work)
    except Conflict as error:
        if again and error.code == "cancelled" and _still_ours(work):
            _perform(work, executor, do, again=False)
        else:
            log.info("run %d was let go: %s", work.run_id, error.message)
    except PlumblineError as error:
        _fail(work, executor, error.to_dict())
    except Exception as error:
        if (unavailable := disk.full(error)) is not None:
            raise unavailable from error
        error_id = logs.new_error_id()
        log.exception("run %d failed", work.run_id, extra={"error_id": error_id})
        what = "file" if work.dataset_id else "report"
        message = (
            f"Something went wrong that should not; the log knows it as {error_id}. Nothing of this {what} was kept."
        )
        _fail(work, executor, {"code": "internal", "message": message, "error_id": error_id})
    finally:
        executor.end()


def _still_ours(work: Work) -> bool:
    """Whether a cancellation was meant for the run before: the executor was ended a moment too late."""
    try:
        runs.beat(work)
    except Conflict:
        return False
    return True


def _fail(work: Work, executor: Hand, error: Mapping[str, Any]) -> None:
    _let_go(_describe, work, executor)
    _let_go(runs.fail, work, error)


def _let_go(step: Callable[..., None], work: Work, *arguments: Any) -> None:
    """The last steps of a run, unless it is somebody else's by now."""
    try:
        step(work, *arguments)
    except Conflict:
        log.info("run %d was let go", work.run_id)


def _keep_printed(work: Work, executor: Executor) -> None:
    """Keep what the run printed before it ends; mostly that is nothing, and nothing is written."""
    if printed := executor.printed():
        runs.describe(work, executor.backend, printed)


def _describe(work: Work, executor: Hand) -> None:
    """Keep what executed the run and what it printed."""
    runs.describe(work, executor.backend, executor.printed())


def unfinished() -> Path:
    """Where files are written that are not whole yet, on the disk of the segments."""
    folder = get_settings().segments.parent / "unfinished"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear_unfinished() -> None:
    """Remove what killed attempts left behind; what is younger than an hour may be somebody's."""
    for folder in unfinished().iterdir():
        if time.time() - folder.stat().st_mtime > UNFINISHED_KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _folder(work: Work) -> Iterator[Path]:
    """A folder for one attempt."""
    folder = Path(tempfile.mkdtemp(prefix=f"{work.run_id}-", dir=unfinished()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ------------------------------------------------------------------ reading


@dataclass(frozen=True, slots=True)
class Way:
    """How to read a file: `follow` is the state to go on from ({} from the start, None for a file read whole)."""

    follow: Mapping[str, Any] | None
    replace: bool


def way_of(work: Work) -> Way:
    """Go on where the last reading of a followed file ended, unless it was cut, replaced or has to be read anew."""
    if work.source is None or not is_growing(work.source):
        return Way(None, replace=True)
    before = work.follow
    state = before.get("state")
    grown = work.params.get("offset", 0) >= before.get("offset", 0)
    same = work.params.get("inode", before.get("inode")) == before.get("inode")
    if work.replace or not state or not grown or not same or _inside_a_line(work.path, state):
        return Way({}, replace=True)
    return Way(state, replace=False)


def _inside_a_line(path: Path, state: Mapping[str, Any]) -> bool:
    """Whether a last line, taken without its end because it seemed complete, has gone on since."""
    if state.get("container") == "tensorboard":
        return False
    offset = state["offset"]
    with open_regular(path) as file:
        file.seek(max(offset - 1, 0))
        around = file.read(2)
    return offset > 0 and len(around) == 2 and around[:1] != b"\n" and around[1:] not in (b"\n", b"\r")


def _read(work: Work, executor: Executor, folder: Path) -> None:
    way = way_of(work)
    try:
        done = _read_once(work, executor, folder, way)
    except InputRefused as error:
        if error.code == "archive_of_files" and not work.version:
            _spread(work, executor, folder)
            return
        if error.code != "file_replaced":
            raise
        way = Way({}, replace=True)
        done = _read_once(work, executor, folder, way)
    follow = _followed(work, done)
    if done.segment_path is None:
        _finish_without_rows(work, executor, done, follow, way)
        return
    sha256, size = datasets.adopt_segment(done.segment_path)
    if done.duration > QUIET_SECONDS:
        runs.progress(work, READ_SHARE, "observing")
    manifest = [sha256] if way.replace else _joined(work.manifest, sha256)
    whole = done.report if way.replace else merged(work.report, done.report)
    also = lately.asked(work.dataset_id)
    observe_found(sha256, whole, executor, folder, Partials(work, manifest[:-1]), appended=not way.replace, also=also)
    answer = _answer(work.dataset_id, manifest, whole)
    if answer is not None and _others_due(work.dataset_id):
        _observe_ringing(manifest, whole, executor, folder)
        answer["others"] = others_of(manifest, whole)
    _keep_printed(work, executor)
    with _one_first_version:
        _refuse_twin(work, sha256)
        version = runs.finish(
            work,
            segment=NewSegment(sha256, done.rows, size),
            report=done.report,
            answer=answer,
            follow=follow,
            replace=way.replace,
            backend=executor.backend,
        )
    _forecast(work.dataset_id, version, manifest, whole)


def _forecast(dataset_id: int, version: int, manifest: Sequence[str], report: Mapping[str, Any]) -> None:
    """Keep the forecast that is due, and grade those whose points have come. The version stands whatever happens."""
    try:
        due = forecasts_due(dataset_id, manifest, report)
        if due.made or due.graded or due.looked:
            forecasts.record(dataset_id, version, count_rows(manifest), due.made, due.graded, due.looked)
    except Exception:
        log.exception("the forecasts of dataset %d are left to its next version", dataset_id)


def _spread(work: Work, executor: Executor, folder: Path) -> None:
    """Make each file of an archive a dataset of its own; what was not taken out is said in the run's log."""
    found = executor.unpack(work.path, work.source or work.name, folder)
    uploads = get_settings().uploads
    uploads.mkdir(parents=True, exist_ok=True)
    files: list[Unpacked] = []
    for file in found["files"]:
        place = Path(file["path"]).replace(uploads / f"{work.run_id}-{work.attempt}-{len(files)}")
        files.append(Unpacked(file["name"], place, file["sha256"], file["size"]))
    said = [f"{refused['name']}: {refused['message']}\n" for refused in found["refused"]]
    runs.describe(work, executor.backend, "".join(said))
    archives.spread(work, files)


def _refuse_twin(work: Work, sha256: str) -> None:
    """The same content twice within a project is one dataset. A copy that grows on becomes one of its own."""
    if work.version or work.source is None:
        return
    twins = fetch(TWINS, {"dataset": work.dataset_id, "manifest": datasets.manifest_hash([sha256])})
    if twins:
        message = f"{work.source} holds exactly what {twins[0][0]} holds; that one stays, nothing was added."
        raise InputRefused(message, code="same_content", file=work.source)


def _answer(dataset_id: int, manifest: list[str], report: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer of the new version; None where there is nothing to conclude, such as pairs without scores."""
    try:
        return answer_of(manifest, report, keep_for=dataset_id)
    except StatesMissingError:
        return None
    except MISTAKES:
        log.exception("the rows of dataset %d are kept without an answer", dataset_id)
        return None


def _others_due(dataset_id: int) -> bool:
    """Whether the analyses that may ring beside the leading one are to be asked again, of a dataset that moves."""
    last = _others_asked.get(dataset_id)
    due = last is None or time.monotonic() - last >= OTHERS_SECONDS
    if due:
        _others_asked[dataset_id] = time.monotonic()
    return due


def _read_once(work: Work, executor: Executor, folder: Path, way: Way) -> ReadDone:
    quiet_until = time.monotonic() + QUIET_SECONDS

    def progress(share: float) -> None:
        """Never raises: the executor is in the middle of something and has to be ended by its own means."""
        if time.monotonic() < quiet_until:
            return
        try:
            runs.progress(work, READ_SHARE * share, "reading")
        except Conflict:
            executor.cancel()
        except StoreUnavailable as error:
            log.warning("%s", error.message)

    return executor.read(
        work.path,
        work.source or work.name,
        work.mapping,
        folder,
        follow=way.follow,
        until=work.params.get("offset") if way.follow is not None else None,
        progress=progress,
        saved=mappings.kept(work.project) if not work.mapping else None,
    )


def _followed(work: Work, done: ReadDone) -> dict[str, Any] | None:
    """What to remember of a file in the inbox: how far it was read, and how to go on."""
    if work.source is None:
        return None
    offset = work.params.get("offset", work.follow.get("offset", 0))
    if done.follow is not None:
        offset = max(offset, done.follow.offset)
    inode = work.params.get("inode", work.follow.get("inode", 0))
    return {"offset": offset, "inode": inode, "state": done.follow.to_dict() if done.follow else None}


def _finish_without_rows(
    work: Work, executor: Executor, done: ReadDone, follow: Mapping[str, Any] | None, way: Way
) -> None:
    """Nothing to keep: new lines were all refused, or there were none yet."""
    _keep_printed(work, executor)
    told = done.report["rows"] > 0 and done.report["format"] and (work.version > 0 and not way.replace)
    runs.finish(work, report=done.report if told else None, follow=follow, replace=False, backend=executor.backend)


def _joined(manifest: tuple[str, ...], sha256: str) -> list[str]:
    return list(manifest) if sha256 in manifest else [*manifest, sha256]


# ------------------------------------------------------------------ observing


def observe_found(
    sha256: str,
    report: Mapping[str, Any],
    executor: Executor,
    folder: Path,
    partials: Partials | None = None,
    *,
    appended: bool = False,
    also: Sequence[Observed] = (),
) -> None:
    """Observe a new segment with the parameters every page begins with, and those in `also`.

    One that is large, or read while a crowd of others waits, is observed for its answer only; one that was appended for
    that and `also`. `report` is of the whole dataset that the segment belongs to.
    """
    found = expected(report)
    answer_only = count_rows([sha256]) > OBSERVED_AT_ONCE or _crowded()
    for place, analysis in enumerate(found[:1] if answer_only or appended else found):
        params = analysis.parameters.parse(found_params(analysis, report))
        partial = partials.of(analysis, params) if partials is not None and place == 0 else None
        _observe_segment(sha256, observed(analysis, params), executor, folder, partial)
    for what in () if answer_only else also:
        try:
            _observe_segment(sha256, what, executor, folder)
        except (InputRefused, LimitExceeded, UsageError) as error:
            log.info("%s of what arrived is left to those who ask: %s", what.analysis.name, error.message)


def _observe_ringing(manifest: Sequence[str], report: Mapping[str, Any], executor: Executor, folder: Path) -> None:
    """Observe what was appended to a log or to rollouts for what may ring beside the leading answer: they are small."""
    if report.get("kind") not in ("curve", "rollout") or _crowded():
        return
    for analysis in [one for one in expected(report)[1:] if one.name in alarms.SEVERITY]:
        what = observed(analysis, analysis.parameters.parse(found_params(analysis, report)))
        for sha256 in manifest:
            _observe_segment(sha256, what, executor, folder)


def _crowded() -> bool:
    """Whether so many runs wait that each does only what its answer needs."""
    return bool(fetch(WAITING, {"crowd": CROWD})[0][0] == CROWD)


def _observe_segment(
    sha256: str, what: Observed, executor: Executor, folder: Path, partial: Partial | None = None
) -> None:
    key = what.key(sha256)
    if datasets.state_path(key).is_file():
        return
    out = folder / f"{key}.npz"
    executor.observe(datasets.existing_segment(sha256), what.analysis.name, what.observe, out, partial)
    datasets.write_state(key, out.read_bytes())
    out.unlink()


def _observe(work: Work, executor: Executor, folder: Path) -> None:
    """Observe segments with other parameters than the default ones."""
    what = Observed(ANALYSES[work.params["analysis"]], work.params["observe"])
    segments = [sha256 for sha256 in work.params["segments"] if sha256 in work.manifest]
    partials = Partials(work)
    partial = partials.of(what.analysis, what.analysis.parameters.parse(what.observe))
    for number, sha256 in enumerate(segments):
        runs.progress(work, number / len(segments), "observing")
        _observe_segment(sha256, what, executor, folder, partial)
        if number + 1 < len(segments):
            partials.seen(sha256, what)
    lately.remember(work.dataset_id, what)
    _keep_printed(work, executor)
    runs.finish(work, backend=executor.backend)
