"""Every action a person can take, once: palette, command line and API read it from here.

An action takes `who` first and then the arguments listed, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine import usage
from engine.access.roles import require_writing
from engine.access.tokens import LONGEST_DAYS
from engine.actions import (
    arrangements,
    channels,
    cohorts,
    datasets,
    decisions,
    demo,
    favourites,
    forecasts,
    mappings,
    memberships,
    notifications,
    passwords,
    people,
    projects,
    reports,
    runs,
    shares,
    tokens,
    views,
)
from engine.errors import UsageError
from engine.reports.document import FORMATS
from engine.types import ROLES, SCOPES, SHARE_KINDS, SHARE_MODES, Role, Who

ArgumentType = Literal["text", "integer", "integers", "choice", "pairs", "lists"]
Place = Literal["project", "installation", "own"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an action. `choices` are the values of a choice; `of` names what it is the id of."""

    name: str
    type: ArgumentType
    title: str
    choices: tuple[str, ...] = ()
    of: str = ""
    required: bool = True
    least: int | None = None
    most: int | None = None
    """The bounds of an integer, where it has any."""

    def parse(self, value: Any) -> Any:
        """The value in its type, from text where need be. Raises UsageError where it does not fit."""
        if self.type == "integer":
            return self._integer(value)
        if self.type == "integers":
            return self._integers(value)
        if self.type == "pairs":
            return self._pairs(value)
        if self.type == "lists":
            return self._lists(value)
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            wanted = f"one of {', '.join(self.choices)}" if self.choices else "text"
            raise UsageError(f"{self.title} has to be {wanted}.", code="bad_argument")
        return value

    def _integer(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise UsageError(f"{self.title} has to be a whole number.", code="bad_argument")
        try:
            return int(value)
        except ValueError:
            raise UsageError(f"{self.title} has to be a whole number.", code="bad_argument") from None

    def _integers(self, value: Any) -> list[int]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise UsageError(f"{self.title} has to be a list of whole numbers.", code="bad_argument")
        return [self._integer(one) for one in value]

    def _pairs(self, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or not all(isinstance(part, str) for pair in value.items() for part in pair):
            raise UsageError(f"{self.title} has to be names and values.", code="bad_argument")
        return dict(value)

    def _lists(self, value: Any) -> dict[str, list[str]]:
        fits = isinstance(value, Mapping) and all(
            isinstance(name, str) and isinstance(names, list) and all(isinstance(one, str) for one in names)
            for name, names in value.items()
        )
        if not fits:
            raise UsageError(f"{self.title} has to be names and lists of names.", code="bad_argument")
        return dict(value)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do. `role` is the least one that may, in the place that `where` names.

    In a "project": the one of the thing it is done to. In the "installation": everywhere. What is one's "own" needs no
    more than being signed in. `warning` is what a person is told before an action that takes something away.
    """

    name: str
    title: str
    role: Role
    function: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    synonyms: tuple[str, ...] = ()
    where: Place = "project"
    warning: str = ""


_DATASET = Argument("dataset_id", "integer", "Dataset", of="dataset")
_RUN = Argument("run_id", "integer", "Run", of="run")
_PROJECT = Argument("project", "text", "Project", of="project")
_NAME = Argument("name", "text", "Name")
_PERSON = Argument("user_id", "integer", "Person", of="user")
_ROLE = Argument("role", "choice", "Role", choices=ROLES)
_PLACE_ROLE = Argument("role", "choice", "Role", choices=memberships.MEMBER_ROLES)
_SAVED = Argument("mapping_id", "integer", "Saved columns", of="mapping")
_CHANNEL = Argument("channel_id", "integer", "Channel", of="channel")
_REPORT = Argument("report_id", "integer", "Report", of="report")
_MAPPING = Argument("mapping", "pairs", "Columns")
_VIEW = Argument("view_id", "integer", "View", of="view")
_COHORT = Argument("cohort_id", "integer", "Cohort", of="cohort")

_ACTIONS = (
    Action("dataset.rename", "Rename dataset", "analyst", datasets.rename, (_DATASET, _NAME), ("title", "label")),
    Action(
        "dataset.remove",
        "Remove dataset",
        "analyst",
        datasets.remove,
        (_DATASET,),
        ("delete", "hide", "discard"),
        warning="It disappears from every list. It can be brought back.",
    ),
    Action("dataset.restore", "Restore dataset", "analyst", datasets.restore, (_DATASET,), ("undo", "undelete")),
    Action(
        "dataset.set_mapping",
        "Map columns",
        "analyst",
        datasets.set_mapping,
        (_DATASET, _MAPPING),
        ("columns", "fields", "schema"),
    ),
    Action(
        "mapping.save",
        "Save columns for the next files",
        "analyst",
        mappings.save,
        (_DATASET, _NAME, _MAPPING),
        ("schema", "fields", "template", "same shape"),
    ),
    Action(
        "mapping.rename",
        "Rename saved columns",
        "analyst",
        mappings.rename,
        (_SAVED, _NAME),
        ("schema", "template"),
    ),
    Action(
        "mapping.delete",
        "Forget saved columns",
        "analyst",
        mappings.delete,
        (_SAVED,),
        ("schema", "template", "remove mapping"),
        warning="The next files of these columns are read by their own names again.",
    ),
    Action(
        "run.request",
        "Read dataset again",
        "analyst",
        runs.request,
        (
            _DATASET,
            Argument("kind", "choice", "Kind", choices=runs.KINDS),
            Argument("params", "pairs", "Parameters", required=False),
        ),
        ("refresh", "reload", "recompute", "re-read"),
    ),
    Action(
        "run.cancel",
        "Cancel run",
        "analyst",
        runs.cancel,
        (_RUN,),
        ("stop", "abort", "kill"),
        warning="What it has read so far is dropped. It can be tried again.",
    ),
    Action("run.retry", "Try run again", "analyst", runs.retry, (_RUN,), ("repeat", "rerun")),
    Action(
        "view.save",
        "Save view",
        "viewer",
        views.save,
        (_PROJECT, _NAME, Argument("page", "text", "Page"), Argument("query", "text", "Query")),
        ("bookmark", "favourite"),
    ),
    Action(
        "view.rename",
        "Rename view",
        "member",
        views.rename,
        (_VIEW, _NAME),
        ("bookmark", "title"),
        "own",
    ),
    Action(
        "favourite.add",
        "Keep at hand",
        "viewer",
        favourites.add,
        (_DATASET,),
        ("favourite", "star", "pin"),
    ),
    Action(
        "favourite.remove",
        "Do not keep at hand",
        "viewer",
        favourites.remove,
        (_DATASET,),
        ("favourite", "unstar", "unpin"),
    ),
    Action(
        "arrangement.set",
        "Arrange page",
        "viewer",
        arrangements.arrange,
        (_PROJECT, Argument("page", "text", "Page"), Argument("layout", "lists", "Cards")),
        ("layout", "order", "hide cards"),
    ),
    Action(
        "arrangement.reset",
        "Arrange page as usual",
        "viewer",
        arrangements.reset,
        (_PROJECT, Argument("page", "text", "Page")),
        ("layout", "reset", "show all cards"),
    ),
    Action(
        "view.delete",
        "Delete view",
        "member",
        views.delete,
        (_VIEW,),
        ("remove bookmark",),
        "own",
        warning="Its link keeps working; the name is gone.",
    ),
    Action(
        "cohort.save",
        "Name a cohort",
        "analyst",
        cohorts.save,
        (
            _PROJECT,
            _NAME,
            Argument("where", "text", "Which rows, such as label=1..1"),
            Argument("replace", "choice", "Replace", choices=cohorts.REPLACES, required=False),
        ),
        ("segment", "subset", "slice", "brush", "group of rows"),
    ),
    Action("cohort.rename", "Rename cohort", "analyst", cohorts.rename, (_COHORT, _NAME), ("segment", "slice")),
    Action(
        "cohort.delete",
        "Delete cohort",
        "analyst",
        cohorts.delete,
        (_COHORT,),
        ("segment", "slice", "forget"),
        warning="Nobody in the project has it by name any more. Links to its rows keep working.",
    ),
    Action(
        "decision.record",
        "Record decision",
        "analyst",
        decisions.record,
        (
            _PROJECT,
            Argument("title", "text", "What was decided"),
            Argument("because", "text", "Because"),
            Argument("analysis", "text", "Analysis"),
            Argument("dataset_ids", "integers", "Datasets", of="dataset"),
            Argument("params", "pairs", "Parameters", required=False),
        ),
        ("decide", "journal", "ship", "sign off", "conclusion", "log"),
    ),
    Action(
        "decision.withdraw",
        "Withdraw decision",
        "analyst",
        decisions.withdraw,
        (Argument("decision_id", "integer", "Decision", of="decision"), Argument("why", "text", "Why")),
        ("revoke", "take back", "undo", "journal"),
        warning="It stays in the journal, marked as withdrawn.",
    ),
    Action(
        "report.request",
        "Make report",
        "viewer",
        reports.request,
        (
            _PROJECT,
            _NAME,
            Argument("of", "choice", "Of", choices=reports.WHOLE),
            Argument("file_format", "choice", "Format", choices=tuple(FORMATS)),
            Argument("dataset_ids", "integers", "Datasets", of="dataset", required=False),
            Argument("analysis", "text", "Analysis", required=False),
            Argument("params", "pairs", "Parameters", required=False),
            Argument("decision_id", "integer", "Decision", of="decision", required=False),
        ),
        ("export", "pdf", "excel", "print", "download", "images", "slides"),
    ),
    Action("report.retry", "Make report again", "viewer", reports.retry, (_REPORT,), ("export", "pdf", "repeat")),
    Action(
        "report.remove",
        "Remove report",
        "viewer",
        reports.remove,
        (_REPORT,),
        ("delete export", "cancel export"),
        warning="Its file is deleted, for everybody in the project. It can be asked for again.",
    ),
    Action(
        "forecast.keep",
        "Keep forecast",
        "analyst",
        forecasts.keep,
        (_DATASET, Argument("params", "pairs", "Parameters", required=False)),
        ("predict", "grade", "scoreboard", "track record"),
    ),
    Action(
        "share.create",
        "Share an answer",
        "analyst",
        shares.create,
        (
            _PROJECT,
            Argument("title", "text", "Title"),
            Argument("analysis", "text", "Analysis"),
            Argument("dataset_ids", "integers", "Datasets", of="dataset"),
            Argument("params", "pairs", "Parameters", required=False),
            Argument("kind", "choice", "Link or embed", choices=SHARE_KINDS, required=False),
            Argument("mode", "choice", "Follows the data or stays", choices=SHARE_MODES, required=False),
            Argument("days", "integer", "Days", required=False),
            Argument("origins", "text", "Sites that may show it", required=False),
        ),
        ("link", "embed", "iframe", "send", "publish", "public", "read-only"),
    ),
    Action(
        "share.revoke",
        "Revoke a shared link",
        "member",
        shares.revoke,
        (Argument("share_id", "integer", "Shared link", of="share"),),
        ("unshare", "stop sharing", "delete link", "embed"),
        "own",
        warning="Whoever has the link is shown nothing any more, at once.",
    ),
    Action("demo.play", "Play the simulator", "analyst", demo.play, synonyms=("demo", "example", "start simulation")),
    Action("demo.stop", "Stop the simulator", "analyst", demo.stop, synonyms=("demo", "pause", "end simulation")),
    Action(
        "notification.read",
        "Mark notification as read",
        "member",
        notifications.read,
        (Argument("notification_id", "integer", "Notification", of="notification"),),
        ("seen", "dismiss", "bell"),
        "own",
    ),
    Action(
        "notification.read_all",
        "Mark all notifications as read",
        "member",
        notifications.read_all,
        (),
        ("seen", "dismiss", "bell", "clear"),
        "own",
    ),
    Action(
        "channel.add",
        "Add a channel for notifications",
        "member",
        channels.add,
        (_NAME, Argument("address", "text", "Address"), Argument("kinds", "text", "Kinds", required=False)),
        ("e-mail", "slack", "webhook", "discord", "teams", "notify", "alert"),
        "own",
    ),
    Action(
        "channel.set_kinds",
        "Choose what goes to a channel",
        "member",
        channels.set_kinds,
        (_CHANNEL, Argument("kinds", "text", "Kinds, with commas between")),
        ("notify", "mute", "subscribe", "alert"),
        "own",
    ),
    Action(
        "channel.test",
        "Test a channel",
        "member",
        channels.test,
        (_CHANNEL,),
        ("send a test", "notify", "webhook"),
        "own",
    ),
    Action(
        "channel.remove",
        "Remove a channel",
        "member",
        channels.remove,
        (_CHANNEL,),
        ("delete webhook", "unsubscribe", "notify"),
        "own",
        warning="Nothing is sent to it any more. Its address is forgotten.",
    ),
    Action(
        "preference.set",
        "Set preference",
        "member",
        people.set_preference,
        (Argument("key", "text", "Setting"), Argument("value", "text", "Value")),
        ("settings", "change theme", "density"),
        "own",
    ),
    Action(
        "session.close",
        "Sign out",
        "member",
        people.close_session,
        synonyms=("log out", "exit", "leave"),
        where="own",
    ),
    Action(
        "session.revoke",
        "End session",
        "member",
        people.revoke_session,
        (Argument("session_id", "integer", "Session", of="session"),),
        ("sign out elsewhere",),
        "own",
        warning="That browser is signed out at once.",
    ),
    Action(
        "session.end_all",
        "End all sessions",
        "member",
        people.end_sessions,
        (_PERSON,),
        ("sign out everywhere", "kick out", "stolen laptop"),
        "own",
        warning="Every other browser is signed out at once.",
    ),
    Action(
        "token.create",
        "Make API token",
        "member",
        tokens.create,
        (
            _NAME,
            Argument("scope", "choice", "May", choices=SCOPES),
            Argument("project", "text", "Project", of="project", required=False),
            Argument("days", "integer", "Days", required=False, least=1, most=LONGEST_DAYS),
        ),
        ("api key", "secret", "automation", "training script"),
        "own",
    ),
    Action(
        "token.revoke",
        "Revoke API token",
        "member",
        tokens.revoke,
        (Argument("token_id", "integer", "Token", of="token"),),
        ("delete key", "api key"),
        "own",
        warning="Programs that use it are refused at once.",
    ),
    Action(
        "person.invite",
        "Invite somebody",
        "admin",
        people.invite,
        (_ROLE,),
        ("add user", "new account", "link"),
        "installation",
    ),
    Action(
        "person.set_role",
        "Change role",
        "admin",
        people.set_role,
        (_PERSON, _ROLE),
        ("rights", "permission", "promote"),
        "installation",
    ),
    Action(
        "person.rename",
        "Rename person",
        "admin",
        people.rename,
        (_PERSON, _NAME),
        ("sign-in name", "account name"),
        "installation",
    ),
    Action(
        "person.disable",
        "Disable account",
        "admin",
        people.disable,
        (_PERSON,),
        ("lock out", "block", "leaver", "deactivate"),
        "installation",
        warning="They are signed out at once and cannot sign in.",
    ),
    Action(
        "person.enable",
        "Enable account",
        "admin",
        people.enable,
        (_PERSON,),
        ("unblock", "let in again", "activate"),
        "installation",
    ),
    Action(
        "person.reset_password",
        "Make password link",
        "admin",
        passwords.reset,
        (_PERSON,),
        ("forgotten password", "lost password", "reset"),
        "installation",
    ),
    Action(
        "membership.set",
        "Add to project",
        "admin",
        memberships.put,
        (_PROJECT, _PERSON, _PLACE_ROLE),
        ("member", "access", "rights", "share"),
    ),
    Action(
        "membership.remove",
        "Remove from project",
        "admin",
        memberships.remove,
        (_PROJECT, _PERSON),
        ("member", "access", "rights"),
        warning="They no longer see this project.",
    ),
    Action(
        "project.create",
        "Make project",
        "operator",
        projects.create,
        (
            Argument("project", "text", "Short name, such as reward-v2"),
            Argument("name", "text", "Name", required=False),
        ),
        ("new project", "add project"),
        "installation",
    ),
    Action("project.rename", "Rename project", "admin", projects.rename, (_PROJECT, _NAME), ("title",)),
)

ACTIONS: Mapping[str, Action] = {action.name: action for action in _ACTIONS}


def run(who: Who, name: str, arguments: Mapping[str, Any] | None = None, way: str = "") -> Any:
    """Do the action of this name on behalf of `who`; what it returns. It is counted as done in that `way`.

    Raises UsageError for an unknown action or arguments that do not fit, AccessDenied, and what the action raises.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise UsageError("There is no such action.", code="unknown_action")
    require_writing(who)
    given = checked(action, arguments or {})
    with usage.by(way):
        return action.function(who, **given)


def checked(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in their types. Raises UsageError for one missing, unknown or unfit."""
    known = {argument.name: argument for argument in action.arguments}
    unknown = sorted(set(given) - set(known))
    missing = sorted(name for name, argument in known.items() if argument.required and name not in given)
    if unknown or missing:
        problem = f"does not take {unknown[0]}" if unknown else f"needs {missing[0]}"
        raise UsageError(f"{action.title} {problem}.", code="bad_argument")
    return {name: known[name].parse(value) for name, value in given.items()}
