"""The tables of the store. Times are UTC; hashes are 64 hexadecimal digits; JSON holds plain objects.

A dataset's rows never lie here: they lie in Parquet segments on disk, named by hash (`engine.store.datasets`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from engine.store.times import UtcTime, now

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata


def _time(nullable: bool = False) -> Column[datetime]:
    return Column(UtcTime(), nullable=nullable)


def _json(nullable: bool = False) -> Column[Any]:
    return Column(JSON(none_as_null=True), nullable=nullable)


# ------------------------------------------------------------------ people


class User(SQLModel, table=True):
    """Somebody who may sign in. `password_hash` is opaque here: the web layer makes and checks it; empty for none.

    `role` holds in every project, `member` in none: such a person has the roles of their memberships. `subject` is
    `issuer|subject` of an identity provider.
    """

    __tablename__ = "user"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=100)
    password_hash: str
    role: str = Field(max_length=16)
    subject: str | None = Field(default=None, unique=True, index=True, max_length=500)
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    disabled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Membership(SQLModel, table=True):
    """The role of a person in one project; the greater of it and their role everywhere holds."""

    __tablename__ = "membership"
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    project_id: int = Field(foreign_key="project.id", primary_key=True)
    role: str = Field(max_length=16)


class ApiToken(SQLModel, table=True):
    """A token that acts for its owner, never with more than `role`, in one project or wherever the owner may.

    The token is stored as its sha256 only; `prefix` is its first letters, to be recognised by.
    """

    __tablename__ = "api_token"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    project_id: int | None = Field(default=None, foreign_key="project.id")
    name: str = Field(max_length=100)
    prefix: str = Field(max_length=16)
    token_hash: str = Field(unique=True, max_length=64)
    scopes: list[str] = Field(sa_column=_json())
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())
    used_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Session(SQLModel, table=True):
    """A signed-in browser. The cookie's value is stored as its sha256 only."""

    __tablename__ = "session"
    id: int | None = Field(default=None, primary_key=True)
    sid_hash: str = Field(unique=True, max_length=64)
    user_id: int = Field(foreign_key="user.id", index=True)
    address: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=300)
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())
    revoked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class SigninLink(SQLModel, table=True):
    """A one-time link: with `user_id`, to a new password for that account, else to a new account with a role.

    The token is stored as its sha256 only.
    """

    __tablename__ = "signin_link"
    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True, max_length=64)
    role: str = Field(max_length=16)
    created_by: int | None = Field(default=None, foreign_key="user.id")
    user_id: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())
    used_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Lockout(SQLModel, table=True):
    """Failed sign-ins of one subject, `account:<name>` or `address:<address>`, known account or not."""

    __tablename__ = "lockout"
    subject: str = Field(primary_key=True, max_length=200)
    failures: int = 0
    failed_at: datetime = Field(sa_column=_time())
    locked_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Preference(SQLModel, table=True):
    """One setting of one person: theme, density."""

    __tablename__ = "preference"
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    key: str = Field(primary_key=True, max_length=64)
    value: str = Field(max_length=1000)


class SavedView(SQLModel, table=True):
    """A named link of one person to an exact view of a page."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "project_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id")
    project_id: int = Field(foreign_key="project.id")
    name: str = Field(max_length=200)
    page: str = Field(max_length=64)
    query: str = Field(max_length=4000)
    created_at: datetime = Field(default_factory=now, sa_column=_time())


class Decision(SQLModel, table=True):
    """What was decided and why, with the answer it rested on as it was then. The database refuses to change it.

    It can be withdrawn, once, and is kept even so. `datasets` is a list of {id, name, version, sha256}; `query` is the
    address of the view.
    """

    __tablename__ = "decision"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    user_id: int = Field(foreign_key="user.id")
    at: datetime = Field(default_factory=now, sa_column=_time())
    title: str = Field(max_length=200)
    because: str
    analysis: str = Field(max_length=64)
    datasets: list[dict[str, Any]] = Field(sa_column=_json())
    params: dict[str, Any] = Field(sa_column=_json())
    verdict: str = Field(max_length=64)
    sentence: str
    estimates: dict[str, Any] = Field(sa_column=_json())
    evidence: dict[str, Any] = Field(sa_column=_json())
    query: str
    withdrawn_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    withdrawn_by: int | None = Field(default=None, foreign_key="user.id")
    withdrawn_why: str = ""


class ColumnMapping(SQLModel, table=True):
    """What the columns of a file hold, kept by name for the files of the same columns that come after it.

    `signature` is the hash of the names of the columns, which are in `columns`; `mapping` is canonical to source.
    """

    __tablename__ = "mapping"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    user_id: int = Field(foreign_key="user.id")
    name: str = Field(max_length=100)
    signature: str = Field(max_length=64)
    columns: list[str] = Field(sa_column=_json())
    mapping: dict[str, str] = Field(sa_column=_json())
    created_at: datetime = Field(default_factory=now, sa_column=_time())


class Audit(SQLModel, table=True):
    """Who did what to what, in which project, from where. The database refuses to change or delete a row of it.

    `request` is the id under which the log knows the request.
    """

    __tablename__ = "audit"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_column=_time())
    user_id: int | None = Field(default=None, foreign_key="user.id", index=True)
    action: str = Field(max_length=64)
    subject: str = Field(max_length=200)
    project: str | None = Field(default=None, max_length=64, index=True)
    address: str = Field(default="", max_length=64)
    request: str = Field(default="", max_length=32)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=_json())


# ------------------------------------------------------------------ data


class Project(SQLModel, table=True):
    """What datasets belong to. `playing` says whether the simulator should feed this (simulated) project."""

    __tablename__ = "project"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=200)
    simulated: bool = False
    playing: bool = False
    created_at: datetime = Field(default_factory=now, sa_column=_time())


class Dataset(SQLModel, table=True):
    """A named list of segments. `version` is the newest one, 0 before the first file has been read.

    `content` is the sha256 of the original upload; `source` the name of the followed inbox file; one of them is set.
    `follow` says how far the inbox file has been read: offset (bytes), line, format, mapping, inode.
    `source_columns` is what its file was last found to have: {signature, columns}.
    """

    __tablename__ = "dataset"
    __table_args__ = (
        Index(
            "uq_dataset_present_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
        UniqueConstraint("project_id", "content"),
        UniqueConstraint("project_id", "source"),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    name: str = Field(max_length=200)
    content: str | None = Field(default=None, max_length=64)
    source: str | None = Field(default=None, max_length=255)
    size: int = Field(default=0, sa_type=BigInteger)
    mapping: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    follow: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    source_columns: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    version: int = 0
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    updated_at: datetime = Field(default_factory=now, sa_column=_time())
    removed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Segment(SQLModel, table=True):
    """One immutable Parquet file of a dataset, by its content hash, with the reader's report."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("dataset_id", "sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id")
    sha256: str = Field(max_length=64)
    rows: int = Field(sa_type=BigInteger)
    size: int = Field(sa_type=BigInteger)
    report: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    created_at: datetime = Field(default_factory=now, sa_column=_time())


class Version(SQLModel, table=True):
    """A manifest: which segments, in which order, with their summed report and the answer of the default parameters.

    `answer` is kept without its pictures: it is for the history line, and there may be very many versions.
    """

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("dataset_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id")
    number: int
    manifest: list[str] = Field(sa_column=_json())
    sha256: str = Field(max_length=64, index=True)
    report: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    verdict: str | None = Field(default=None, max_length=64)
    sentence: str | None = None
    answer: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    run_id: int | None = Field(default=None, foreign_key="run.id")
    created_at: datetime = Field(default_factory=now, sa_column=_time())


class Run(SQLModel, table=True):
    """A piece of work for the runner, and the queue itself. `key` makes asking twice for the same work one row.

    queued → running → done | failed | cancelled, each arrow a conditional UPDATE. `losses` counts owners that vanished,
    apart from failures of the work itself. `backend` says what executed it: `child`, `ray` or `job`; `log` holds the
    last lines it printed.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_state", "state", "id"),
        Index("ix_run_dataset", "dataset_id", "id"),
        Index(
            "uq_run_queued",
            "dataset_id",
            "key",
            unique=True,
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    dataset_id: int | None = Field(default=None, foreign_key="dataset.id")
    kind: str = Field(max_length=32)
    key: str = Field(max_length=64)
    params: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    state: str = Field(default="queued", max_length=16)
    attempt: int = 0
    losses: int = 0
    owner: str | None = Field(default=None, max_length=100)
    progress: float = 0.0
    stage: str = Field(default="", max_length=200)
    error: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    backend: str = Field(default="", max_length=16)
    log: str = ""
    requested_by: int | None = Field(default=None, foreign_key="user.id")
    requested_at: datetime = Field(default_factory=now, sa_column=_time())
    started_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    beat_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    finished_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class KeptForecast(SQLModel, table=True):
    """A forecast of one line of a dataset as it was made, and how it did once the points were there.

    `origin` is the place of the last point that was known, `until` that of the end of the forecast; `kept` holds its
    quantiles and naive's (`engine.analysis.forecast.keeping`). `state` is waiting, graded or overwritten. `rows` is
    what the dataset had then, `looked` what it had when somebody last looked whether the points are there. `user_id` is
    None where the runner made it. `points` to `scaled` are the grade.
    """

    __tablename__ = "forecast"
    __table_args__ = (
        Index("ix_forecast_of_dataset", "dataset_id", "id"),
        Index("ix_forecast_of_project", "project_id", "state", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    dataset_id: int = Field(foreign_key="dataset.id")
    version: int
    rows: int = Field(sa_type=BigInteger)
    looked: int = Field(sa_type=BigInteger)
    made_at: datetime = Field(default_factory=now, sa_column=_time())
    user_id: int | None = Field(default=None, foreign_key="user.id")
    metric: str
    run: str
    model: str = Field(max_length=64)
    origin: float
    until: float
    kept: dict[str, Any] = Field(sa_column=_json())
    state: str = Field(default="waiting", max_length=16)
    graded_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    points: int = 0
    held: float | None = None
    crps: float | None = None
    crps_naive: float | None = None
    error: float | None = None
    error_naive: float | None = None
    scaled: float | None = None


# ------------------------------------------------------------------ the workbench


class Share(SQLModel, table=True):
    """A link, or a frame in another page, by which somebody without an account sees one answer and nothing else.

    The token is stored as its sha256 only; `prefix` is its first letters. `kind` is link or embed; `query` the address
    of the view after "?". `frozen` is the sha256 of the page as it was when it was shared, None where it follows the
    data. `origins` are the sites that may show an embed.
    """

    __tablename__ = "share"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    token_hash: str = Field(unique=True, max_length=64)
    prefix: str = Field(max_length=16)
    kind: str = Field(max_length=16)
    title: str = Field(max_length=200)
    analysis: str = Field(max_length=64)
    datasets: list[int] = Field(sa_column=_json())
    query: str = Field(max_length=4000)
    frozen: str | None = Field(default=None, max_length=64)
    origins: list[str] = Field(default_factory=list, sa_column=_json())
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())
    revoked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    opened_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    opened: int = 0


class Report(SQLModel, table=True):
    """A file that a run made of an answer or of a decision; its bytes are the blob `sha256`, empty until it is made.

    `asked` is what it was made of: {analysis, datasets, params, …}, `format` how it was written.
    """

    __tablename__ = "report"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    user_id: int = Field(foreign_key="user.id")
    run_id: int | None = Field(default=None, foreign_key="run.id", index=True)
    name: str = Field(max_length=200)
    format: str = Field(max_length=16)
    media_type: str = Field(default="", max_length=100)
    sha256: str = Field(default="", max_length=64)
    size: int = Field(default=0, sa_type=BigInteger)
    asked: dict[str, Any] = Field(sa_column=_json())
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    removed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Notification(SQLModel, table=True):
    """Something one person is told, until they have read it. `target` is the page it leads to, with its query.

    `action` is an action of the registry that can be taken from it: {name, title, arguments}, else empty. `event` is
    the newest event it tells of: nobody is told twice. What comes in numbers about one `subject` joins one row, and
    `count` says how many it tells of.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("user_id", "event"),
        Index("ix_notification_of_user", "user_id", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id")
    project: str | None = Field(default=None, max_length=64)
    kind: str = Field(max_length=32)
    subject: str = Field(default="", max_length=100)
    count: int = 1
    level: str = Field(max_length=16)
    title: str = Field(max_length=300)
    body: str = ""
    target: str = Field(default="", max_length=4000)
    action: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    event: int = Field(sa_type=BigInteger)
    at: datetime = Field(default_factory=now, sa_column=_time())
    read_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Channel(SQLModel, table=True):
    """Where one person is told besides the bell: mail, webhook, chat. `sealed` is its address, encrypted.

    `shown` is the part of the address that may be seen; `kinds` are the kinds of notifications that go there. `told`
    is the last notification that went there, or never will. After `failures` in a row nothing goes there before
    `due_at`, after some more it is paused. `asked_at` is set while a test is wanted.
    """

    __tablename__ = "channel"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    name: str = Field(max_length=100)
    shown: str = Field(max_length=200)
    sealed: str
    kinds: list[str] = Field(sa_column=_json())
    told: int = 0
    failures: int = 0
    created_at: datetime = Field(default_factory=now, sa_column=_time())
    asked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    due_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    tried_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    paused_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    error: str = ""


class Follower(SQLModel, table=True):
    """How far somebody who follows the events has come: the id of the last one that they dealt with."""

    __tablename__ = "follower"
    name: str = Field(primary_key=True, max_length=32)
    event: int = Field(sa_type=BigInteger)


class Cohort(SQLModel, table=True):
    """Rows that a project calls by a name; `rows_where` says which, as `engine.cohort` writes it."""

    __tablename__ = "cohort"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    user_id: int = Field(foreign_key="user.id")
    name: str = Field(max_length=100)
    rows_where: str = Field(max_length=4000)
    created_at: datetime = Field(default_factory=now, sa_column=_time())


class Favourite(SQLModel, table=True):
    """A dataset that one person wants at hand."""

    __tablename__ = "favourite"
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True)
    at: datetime = Field(default_factory=now, sa_column=_time())


class Arrangement(SQLModel, table=True):
    """How one person has arranged the cards of a page in a project: {order, wide, hidden}, names of cards."""

    __tablename__ = "arrangement"
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    project_id: int = Field(foreign_key="project.id", primary_key=True)
    page: str = Field(primary_key=True, max_length=64)
    layout: dict[str, Any] = Field(sa_column=_json())


# ------------------------------------------------------------------ what happened


class Event(SQLModel, table=True):
    """The outbox. Ids grow in commit order and are never used twice."""

    __tablename__ = "event"
    __table_args__ = (
        Index(
            "ix_event_refused",
            "topic",
            "id",
            sqlite_where=text("kind = 'inbox_refused'"),
            postgresql_where=text("kind = 'inbox_refused'"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    )
    project: str | None = Field(default=None, max_length=64)
    topic: str = Field(max_length=100)
    kind: str = Field(max_length=32)
    body: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    at: datetime = Field(default_factory=now, sa_column=_time())


class ApiRequest(SQLModel, table=True):
    """The answer of a writing request that carried an idempotency key: asked again, it is given again."""

    __tablename__ = "api_request"
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    key: str = Field(primary_key=True, max_length=200)
    digest: str = Field(max_length=64)
    status: int
    answer: dict[str, Any] = Field(sa_column=_json())
    at: datetime = Field(default_factory=now, sa_column=_time())


class Service(SQLModel, table=True):
    """A process of the product as it last said it is: its gauges and counters, for monitoring."""

    __tablename__ = "service"
    name: str = Field(primary_key=True, max_length=32)
    instance: str = Field(primary_key=True, max_length=100)
    state: str = Field(max_length=32)
    figures: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    started_at: datetime = Field(sa_column=_time())
    at: datetime = Field(sa_column=_time())


class Uptime(SQLModel, table=True):
    """How many probes of one hour found the sign-in page and the last result answering in time, and how many not."""

    __tablename__ = "uptime"
    hour: datetime = Field(sa_column=Column(UtcTime(), primary_key=True))
    good: int = 0
    bad: int = 0
