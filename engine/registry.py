"""Every action a person can take, once: palette, command line and API read it from here.

An action takes `who` first and then the arguments listed, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.access.roles import require_writing
from engine.actions import (
    cohorts,
    datasets,
    decisions,
    demo,
    forecasts,
    mappings,
    memberships,
    passwords,
    people,
    projects,
    runs,
    tokens,
    views,
)
from engine.errors import UsageError
from engine.types import ROLES, SCOPES, Role, Who

ArgumentType = Literal["text", "integer", "integers", "choice", "pairs"]
Place = Literal["project", "installation", "own"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an action. `choices` are the values of a choice; `of` names what an integer is the id of."""

    name: str
    type: ArgumentType
    title: str
    choices: tuple[str, ...] = ()
    of: str = ""
    required: bool = True

    def parse(self, value: Any) -> Any:
        """The value in its type, from text where need be. Raises UsageError where it does not fit."""
        if self.type == "integer":
            return self._integer(value)
        if self.type == "integers":
            return self._integers(value)
        if self.type == "pairs":
            return self._pairs(value)
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


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do. `role` is the least one that may, in the place that `where` names.

    In a "project": the one of the thing it is done to. In the "installation": everywhere. What is one's "own" needs no
    more than being signed in.
    """

    name: str
    title: str
    role: Role
    function: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    synonyms: tuple[str, ...] = ()
    where: Place = "project"


_DATASET = Argument("dataset_id", "integer", "Dataset", of="dataset")
_RUN = Argument("run_id", "integer", "Run", of="run")
_PROJECT = Argument("project", "text", "Project")
_NAME = Argument("name", "text", "Name")
_PERSON = Argument("user_id", "integer", "Person", of="user")
_ROLE = Argument("role", "choice", "Role", choices=ROLES)
_PLACE_ROLE = Argument("role", "choice", "Role", choices=memberships.MEMBER_ROLES)
_SAVED = Argument("mapping_id", "integer", "Saved columns", of="mapping")
_MAPPING = Argument("mapping", "pairs", "Columns")
_VIEW = Argument("view_id", "integer", "View", of="view")
_COHORT = Argument("cohort_id", "integer", "Cohort", of="cohort")

_ACTIONS = (
    Action("dataset.rename", "Rename dataset", "analyst", datasets.rename, (_DATASET, _NAME), ("title", "label")),
    Action("dataset.remove", "Remove dataset", "analyst", datasets.remove, (_DATASET,), ("delete", "hide", "discard")),
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
    Action("run.cancel", "Cancel run", "analyst", runs.cancel, (_RUN,), ("stop", "abort", "kill")),
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
    Action("view.delete", "Delete view", "member", views.delete, (_VIEW,), ("remove bookmark",), "own"),
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
    Action("cohort.delete", "Delete cohort", "analyst", cohorts.delete, (_COHORT,), ("segment", "slice", "forget")),
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
    ),
    Action(
        "forecast.keep",
        "Keep forecast",
        "analyst",
        forecasts.keep,
        (_DATASET, Argument("params", "pairs", "Parameters", required=False)),
        ("predict", "grade", "scoreboard", "track record"),
    ),
    Action("demo.play", "Play the simulator", "analyst", demo.play, synonyms=("demo", "example", "start simulation")),
    Action("demo.stop", "Stop the simulator", "analyst", demo.stop, synonyms=("demo", "pause", "end simulation")),
    Action(
        "preference.set",
        "Set preference",
        "member",
        people.set_preference,
        (Argument("key", "text", "Setting"), Argument("value", "text", "Value")),
        ("settings", "theme", "density"),
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
    ),
    Action(
        "session.end_all",
        "End all sessions",
        "member",
        people.end_sessions,
        (_PERSON,),
        ("sign out everywhere", "kick out", "stolen laptop"),
        "own",
    ),
    Action(
        "token.create",
        "Make API token",
        "member",
        tokens.create,
        (
            _NAME,
            Argument("scope", "choice", "May", choices=SCOPES),
            Argument("project", "text", "Project", required=False),
            Argument("days", "integer", "Days", required=False),
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


def run(who: Who, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Do the action of this name on behalf of `who`; what it returns.

    Raises UsageError for an unknown action or arguments that do not fit, AccessDenied, and what the action raises.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise UsageError("There is no such action.", code="unknown_action")
    require_writing(who)
    return action.function(who, **checked(action, arguments or {}))


def checked(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in their types. Raises UsageError for one missing, unknown or unfit."""
    known = {argument.name: argument for argument in action.arguments}
    unknown = sorted(set(given) - set(known))
    missing = sorted(name for name, argument in known.items() if argument.required and name not in given)
    if unknown or missing:
        problem = f"does not take {unknown[0]}" if unknown else f"needs {missing[0]}"
        raise UsageError(f"{action.title} {problem}.", code="bad_argument")
    return {name: known[name].parse(value) for name, value in given.items()}
