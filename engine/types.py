"""The words every layer shares: rows going in, results coming out, who asks, what a query returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["comparison", "score", "curve", "rollout"]
Role = Literal["member", "viewer", "analyst", "operator", "admin"]
Scope = Literal["read", "write", "admin"]
ShareKind = Literal["link", "embed"]
ShareMode = Literal["live", "frozen"]
RunState = Literal["queued", "running", "done", "failed", "cancelled"]

ROLES: tuple[Role, ...] = ("member", "viewer", "analyst", "operator", "admin")
_RANK: Mapping[Role, int] = {role: rank for rank, role in enumerate(ROLES)}
"""Weakest first: a role may do what the roles before it may. A member may nothing except through memberships."""

SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
"""What a token may be for, weakest first."""

SHARE_KINDS: tuple[ShareKind, ...] = ("link", "embed")
SHARE_MODES: tuple[ShareMode, ...] = ("live", "frozen")
"""How an answer is shared: by its address or within another page, as it moves or as it is."""

FINE_BUCKETS = 4096
"""Buckets of a dataset: hash(prompt id, else row id) mod this."""


# ------------------------------------------------------------------ rows

Coded = tuple[NDArray[np.int32], list[str]]
"""Texts of a column as codes (−1 for missing) and the values the codes stand for."""


LENGTHS = ("length", "characters")
"""Features of style that say how long an answer is, the better one first: as the file counts it, in characters."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The numeric view of one segment that analyses read; text stays in the segment.

    `columns` are one-dimensional arrays of one length. For kind "comparison": `margin` (float64, score a − score b, in
    logits), `label` (float64, P(a preferred): 1, 0, ½ for a tie, or the mean of several votes), `bucket` (uint16, below
    4,096), `row_hash` (uint64), and where known `votes` (int32), `first` (int8: 1 where a was shown first, 0 where b
    was, −1 unknown), `step` (int64, −1 unknown). For kind "score": `value` (float64, the raw score), `truth` (float64
    in [0, 1]), `bucket`, `row_hash`. `prompt_hash` (uint64) counts prompts. `slices` maps a column name to its codes
    (int32, −1 for missing) and the values the codes stand for.

    What an analysis asks for besides (`Analysis.reads`): further `columns` such as `verdict` (float64, the judge's own
    P(a preferred), NaN where it gave none), `side_a` and `side_b` (uint64, what stands on each side, whatever the
    order shown), `time` (float64, seconds since 1970 in UTC); `names`, codes and sorted values like `slices`, of
    `item_a`, `item_b`, `item`, `judge`, `annotator`, `run`, `metric`, `source`, `unit`; `styles`, by feature (`length`,
    `headers`, …) its two values of each pair (float64, NaN unknown), or one value of each scored answer; `numbers`, by
    column what only some files have: `config.<name>` of a run that curves are of, `reward.<name>` of a rollout.

    For kind "curve": `value` (float64), `step`, `bucket`, `row_hash`. For kind "rollout": `reward`, `kl` (float64),
    `step`, `bucket`, `row_hash`, `prompt_hash`.
    """

    kind: Kind
    columns: Mapping[str, NDArray[Any]]
    slices: Mapping[str, Coded] = field(default_factory=dict)
    names: Mapping[str, Coded] = field(default_factory=dict)
    styles: Mapping[str, tuple[NDArray[np.float64], ...]] = field(default_factory=dict)
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["bucket"])


@dataclass(frozen=True, slots=True)
class RowReference:
    """One row of a dataset: its content hash, which finds it in whatever segment it lies."""

    row_hash: int
    confidence: float


# ------------------------------------------------------------------ results


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that may be shown: with its interval, how it was made and on how much.

    `low` and `high` are None where no honest interval exists; `null_95` is then the 95 % quantile of the same statistic
    for a perfectly calibrated model of this size. `n` counts rows.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    n: int = 0
    null_95: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of a result has to know: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What recomputes a result: the data by hash, the analysis and its version, parameters, seed, rows, time."""

    analysis: str
    analysis_version: str
    dataset: str = ""
    dataset_version: int | None = None
    sha256: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    rows: int = 0
    duration_ms: float = 0.0
    command: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What an analysis concludes.

    `sentence` answers the page's question in one line; `verdict` is its code. `pictures` holds the numbers of each
    picture by name (plain lists, ready for a figure and for a table). `recalibrators` are JSON objects that a short
    script can apply. `worst` names the most confidently wrong rows; the caller fills `pairs` or `items` from them.
    """

    analysis: str
    verdict: str
    sentence: str
    estimates: Mapping[str, Estimate]
    evidence: Evidence
    dataset: Mapping[str, Any] = field(default_factory=dict)
    slices: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    pictures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recalibrators: list[dict[str, Any]] = field(default_factory=list)
    worst: list[RowReference] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The result as the one JSON object of the command line and the API (finite numbers or null)."""
        return {
            "analysis": self.analysis,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "dataset": dict(self.dataset),
            "estimates": {name: asdict(estimate) for name, estimate in self.estimates.items()},
            "slices": self.slices,
            "items": self.items,
            "pairs": self.pairs,
            "recalibrators": self.recalibrators,
            "pictures": {name: dict(picture) for name, picture in self.pictures.items()},
            "warnings": [asdict(notice) for notice in self.warnings],
            "evidence": asdict(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a timeline: the answer up to or within a stretch.

    It goes from `low` to `high`, steps or seconds since 1970. Where the rows do not suffice there is no `result`, and
    `missing` says why.
    """

    label: str
    low: float
    high: float
    result: Result | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One version of a dataset, by its number and the hash of its rows."""

    id: int
    name: str
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """The answer that a decision rests on, as it was concluded then: plain values, never concluded again.

    `params` are all of the analysis, `estimates` and `evidence` the fields of `Estimate` and `Evidence`; `query` is the
    address of the view within this product.
    """

    analysis: str
    datasets: tuple[DatasetVersion, ...]
    params: Mapping[str, Any]
    verdict: str
    sentence: str
    estimates: Mapping[str, Mapping[str, Any]]
    evidence: Mapping[str, Any]
    query: str


@dataclass(frozen=True, slots=True)
class NewForecast:
    """A forecast of one line to be kept: places in the unit of the line, `kept` its quantiles as plain values."""

    metric: str
    run: str
    model: str
    origin: float
    until: float
    kept: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GradedForecast:
    """The grade of the kept forecast of this id; `score` is None where its line was overwritten."""

    id: int
    score: Mapping[str, Any] | None


# ------------------------------------------------------------------ who asks


@dataclass(frozen=True, slots=True)
class ScopedToken:
    """The API token that asks. `project` is the slug of the only one it is for; `due` asks for its use to be noted."""

    id: int
    scope: Scope
    project: str | None = None
    due: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Shared:
    """The one thing that a share lets be seen: an answer, or (`frozen`, a content hash) what it was once.

    `params` are the names and values with which it is asked, `version` is the sum of its datasets' newest ones, `as_of`
    when the newest of them came. `due` asks for the opening to be noted.
    """

    id: int
    kind: ShareKind
    project: str
    title: str
    person: str
    analysis: str
    datasets: tuple[int, ...]
    params: tuple[tuple[str, str], ...]
    frozen: str | None
    origins: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    version: int
    as_of: datetime
    due: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Who:
    """The signed-in person (or token, or share) on whose behalf a query or an action runs.

    `role` holds everywhere, `roles` by the slug of a project; the greater of the two counts. A share is nobody: it has
    no role and no id, and one query knows what it shows.
    """

    user_id: int
    name: str
    role: Role
    session: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict, hash=False)
    token: ScopedToken | None = None
    share: Shared | None = None

    def role_in(self, project: str | None) -> Role:
        """The role that counts in a project; None for the installation as a whole."""
        own = self.roles.get(project, "member") if project is not None else "member"
        return own if _RANK[own] > _RANK[self.role] else self.role

    def at_least(self, role: Role, project: str | None = None) -> bool:
        """Whether this role, in this project where one is named, may do what `role` may."""
        return _RANK[self.role_in(project)] >= _RANK[role]

    def sees(self, project: str) -> bool:
        """Whether this project exists for them."""
        return self.at_least("viewer", project)


# ------------------------------------------------------------------ what queries return


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project as pages show it."""

    id: int
    slug: str
    name: str
    simulated: bool
    datasets: int


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A dataset as pages show it, with the head version's report of the reader."""

    id: int
    project: str
    name: str
    kind: Kind | None
    format: str
    version: int
    rows: int
    accepted: int
    rejected: int
    reasons: Mapping[str, int]
    examples: list[Mapping[str, Any]]
    columns: Mapping[str, str]
    warnings: list[Notice]
    slices: Mapping[str, list[str]]
    live: bool
    simulated: bool
    created_at: datetime
    updated_at: datetime
    sha256: str
    sentence: str | None
    verdict: str | None
    run_id: int | None
    error: Mapping[str, Any] | None
    event_id: int
    analyses: tuple[str, ...] = ()
    """What has something to say about its rows; the first gives its answer."""

    beside: tuple[str, ...] = ()
    """What has something to say about them beside those of other datasets only."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as pages show it. `progress` is in [0, 1]; `stage` says what it is doing.

    `backend` says what executed it: `child`, `ray` or `job`; `log` is the end of what it printed.
    """

    id: int
    project: str
    dataset_id: int | None
    dataset: str
    kind: str
    state: RunState
    attempt: int
    progress: float
    stage: str
    error: Mapping[str, Any] | None
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    event_id: int
    backend: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer of one version of a dataset, as kept for the history line."""

    version: int
    at: datetime
    verdict: str
    sentence: str
    rows: int
    estimates: Mapping[str, Any]
    analysis: str = "calibration"


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a dataset: what had been read by then, and the answer of the default parameters where one is."""

    number: int
    at: datetime
    sha256: str
    rows: int
    accepted: int
    rejected: int
    verdict: str | None
    sentence: str | None


@dataclass(frozen=True, slots=True)
class Concluded:
    """A result together with the version it is of and the event id as of which it was read."""

    result: Result
    version: int
    event_id: int


@dataclass(frozen=True, slots=True)
class SessionView:
    """A signed-in browser of a person. `current` marks the one that asks."""

    id: int
    address: str
    agent: str
    created_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody with an account. `memberships` are roles by project, of the projects that the asker administers.

    `password` and `identity` say how they can sign in: by a password, through an identity provider. `seen_at` is when
    they last signed in or changed something; `sessions` counts the browsers in which they are signed in now.
    """

    id: int
    name: str
    role: Role
    memberships: Mapping[str, Role]
    password: bool
    identity: bool
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class MemberView:
    """Somebody who sees a project: by a role given to them there (else None), or by the role they have everywhere."""

    user_id: int
    name: str
    role: Role | None
    everywhere: Role
    disabled: bool


@dataclass(frozen=True, slots=True)
class AuditView:
    """One line of the audit. `person` is empty for the system; `request` is the id under which the log knows it.

    `about` is the present name of what `subject` names (of a session: its person), empty where it has none.
    """

    id: int
    at: datetime
    person: str
    action: str
    subject: str
    project: str | None
    address: str
    request: str
    detail: Mapping[str, Any]
    about: str = ""


@dataclass(frozen=True, slots=True)
class TokenView:
    """An API token as its owner and administrators see it; the token itself is kept nowhere."""

    id: int
    user_id: int
    person: str
    name: str
    prefix: str
    scope: Scope
    project: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShareView:
    """A link or an embed that still works, as its owner and the project see it; its address is kept nowhere."""

    id: int
    user_id: int
    person: str
    project: str
    title: str
    prefix: str
    kind: ShareKind
    mode: ShareMode
    analysis: str
    query: str
    origins: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    opened: int
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named link to an exact view of a page."""

    id: int
    name: str
    page: str
    query: str


@dataclass(frozen=True, slots=True)
class CohortView:
    """Rows that a project calls by a name: which, as `engine.cohort` writes it, and who named them last."""

    id: int
    name: str
    where: str
    person: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision of the journal. One that was withdrawn says when, by whom and why."""

    id: int
    project: str
    at: datetime
    person: str
    title: str
    because: str
    grounds: Grounds
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_why: str = ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as pages show it: what was asked, how far its run is, and its file once it is made.

    `asked` has `of` and what that needs: `datasets` with `id` and `version`, `analysis` and `params`, or `decision`.
    """

    id: int
    project: str
    name: str
    format: str
    asked: Mapping[str, Any]
    user_id: int
    person: str
    at: datetime
    size: int
    sha256: str
    media_type: str
    run_id: int | None
    state: RunState
    progress: float
    stage: str
    error: Mapping[str, Any] | None
    event_id: int


@dataclass(frozen=True, slots=True)
class Since:
    """What became of the data that a decision rests on.

    `newer` are the newest versions of those that moved; `verdict` and `sentence` are what the same question is answered
    on them. Where it cannot be answered, `verdict` is None and `sentence` says why.
    """

    newer: tuple[DatasetVersion, ...] = ()
    verdict: str | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class ForecastView:
    """A kept forecast as pages show it: by whom (empty: the runner), from where to where, and how it did."""

    id: int
    dataset_id: int
    dataset: str
    metric: str
    run: str
    model: str
    by: str
    origin: float
    until: float
    made_at: datetime
    person: str
    state: str
    points: int = 0
    held: float | None = None
    crps_ratio: float | None = None
    error_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class ForecastRecord:
    """How the kept forecasts of one model and metric did in a project: how many, how often 95 % held, against naive.

    The ratios are geometric means of that of each forecast; below 1 is better than naive.
    """

    model: str
    metric: str
    graded: int
    points: int
    held: float
    crps_ratio: float | None
    error_ratio: float | None


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """The record by model and metric of a project, its newest misses, and what of one dataset waits for its points."""

    records: tuple[ForecastRecord, ...] = ()
    misses: tuple[ForecastView, ...] = ()
    waiting: tuple[ForecastView, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a file: up to three of its values, what it is read as or may be (None: nothing), and how sure.

    `confidence` is 1 where the file is read so, less where it is guessed, 0 without a role.
    """

    name: str
    examples: tuple[str, ...] = ()
    role: str | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class SourceView:
    """The columns of a dataset's file as they were last found, and what was said of them: canonical role to column.

    `whole` says that there are no more columns than these.
    """

    dataset: DatasetView
    columns: tuple[SourceColumn, ...]
    signature: str
    mapping: Mapping[str, str]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class MappingView:
    """A mapping that was saved for files of these columns. `current` marks the one of several that is used."""

    id: int
    name: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    person: str
    created_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class NotificationView:
    """Something one person is told. `target` is a page with its query; `action` {name, title, arguments}, or empty.

    An action is there only where the person may do it. `count` says how many things it tells of.
    """

    id: int
    project: str | None
    kind: str
    level: str
    title: str
    body: str
    target: str
    action: Mapping[str, Any]
    count: int
    at: datetime
    read: bool


@dataclass(frozen=True, slots=True)
class ChannelView:
    """Where one person is told besides the bell. `shown` is the part of its address that may be seen.

    `error` says why it could not be reached last; `paused` that nothing goes there until it was tested again.
    """

    id: int
    name: str
    shown: str
    kinds: tuple[str, ...]
    tried_at: datetime | None
    error: str
    paused: bool
    testing: bool


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """One line of the palette. `run` says how it is done, `target` what: a page, a link, an action, a file, rows.

    `about` is what it is done to, such as "dataset:5", and `thing` what that is called. `defaults` are what is proposed
    where the action asks.
    """

    id: str
    title: str
    section: str
    run: Literal["page", "link", "action", "file", "rows"]
    target: str
    hint: str = ""
    synonyms: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    shortcut: str = ""
    about: str = ""
    thing: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
