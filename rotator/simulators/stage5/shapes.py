"""The JSON that crosses the control endpoints, as the server and its client both see it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from rotator.simulators.shapes import Shape
from rotator.simulators.stage5.plans import Plan
from rotator.simulators.stage5.scopes import Role, Scope
from rotator.simulators.stage5.workspaces import Status

if TYPE_CHECKING:
    from rotator.simulators.stage5.faults import Sighting

ADMIN_NAME, OWNER_NAME = "rotator", "olive"

WorkspaceId = Annotated[str, Field(pattern=r"^ws_[a-z0-9]{1,32}$")]
Name = Annotated[str, Field(min_length=1, max_length=128)]


class Settings(Shape):
    """How slow the simulated Stage5 is; seconds are simulated seconds.

    Attributes:
        propagation_delay_seconds: How long a new key is refused.
        revocation_lag_seconds: How long a revoked one is accepted.
        list_lag_seconds: How old what the list of access keys tells is.
        last_used_every_seconds: Of the uses within this span only the first is told.
        last_used_lag_seconds: How late it is told.
        max_page_size: Cap on the items of one page, to make small worlds paginate.
        secret_mark: What secrets begin with that are made from now on, so that a test
            can look for leaked ones.
    """

    propagation_delay_seconds: float = Field(default=0, ge=0)
    revocation_lag_seconds: float = Field(default=0, ge=0)
    list_lag_seconds: float = Field(default=0, ge=0)
    last_used_every_seconds: float = Field(default=60, ge=0)
    last_used_lag_seconds: float = Field(default=0, ge=0)
    max_page_size: int = Field(default=100, ge=1, le=100)
    secret_mark: str = Field(default="", pattern=r"^[a-z2-7]{0,20}$")


class AccessKeySeed(Shape):
    """An access key to begin with; id and secret are generated when absent.

    Attributes:
        expires_in_seconds: From now; negative for one that has expired already.
    """

    name: Name
    description: str = ""
    scopes: tuple[Scope, ...] = ("projects:read", "messages:write")
    key_id: str | None = Field(default=None, pattern=r"^key_[a-z2-7]{16}$")
    secret: str | None = Field(default=None, pattern=r"^[a-z2-7]{40}$")
    age_seconds: float = Field(default=0, ge=0)
    expires_in_seconds: float | None = None
    rotate_every_days: int | None = Field(default=None, ge=1)
    last_used_at: AwareDatetime | None = None


class PersonSeed(Shape):
    """A person to begin with; projects are named by their names."""

    name: Name
    role: Role = "member"
    projects: tuple[str, ...] = ()


class WorkspaceSeed(Shape):
    """What to add to one workspace; the workspace is made when it is new.

    Attributes:
        name: Taken from the first seed, like the plan.
        admin: The access key with which the daemon is admitted; made with the
            workspace, by its owner.
    """

    workspace_id: WorkspaceId
    name: Name = "Acme"
    plan: Plan = "business"
    admin: AccessKeySeed = AccessKeySeed(
        name=ADMIN_NAME,
        scopes=("access_keys:read", "access_keys:write"),
        age_seconds=30 * 86_400,
    )
    projects: tuple[Name, ...] = ()
    people: tuple[PersonSeed, ...] = ()
    access_keys: tuple[AccessKeySeed, ...] = ()


class SeededAccessKey(Shape):
    """An access key, as nobody is ever told it again."""

    id: str
    key: str


class SeededWorkspace(Shape):
    """What a seed made.

    Attributes:
        admin: The daemon's access key.
        sessions: What the browsers of all people of the workspace send, by name; the
            owner's name is `OWNER_NAME`.
        projects: Ids of all projects, by name.
        access_keys: Those of this seed, by name.
    """

    workspace_id: str
    admin: SeededAccessKey
    sessions: dict[str, str]
    projects: dict[str, str]
    access_keys: dict[str, SeededAccessKey]


class FaultKind(StrEnum):
    """What goes wrong with a call that a rule matches."""

    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    DELAY_REQUEST = "delay_request"
    DELAY_ANSWER = "delay_answer"
    LAND_LATE = "land_late"
    THROTTLE = "throttle"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_AFTER = "server_error_after"
    GARBLE = "garble"
    REDIRECT = "redirect"
    ACCESS_DENIED = "access_denied"
    CREDENTIAL_REVOKED = "credential_revoked"
    PLAN_LIMIT = "plan_limit"
    NOT_FOUND = "not_found"


class FaultRule(Shape):
    """When a fault strikes, and which; rules are tried in the order of posting.

    Attributes:
        kind: The fault. Connections are dropped without an answer by
            `lose_request` (no effect), `lose_answer` (effect) and `land_late`
            (effect `seconds` of simulated time later). `delay_request` has the
            effect and the answer after `seconds` of real time; `delay_answer` has
            the effect at once and answers after `seconds` of real time. `throttle`
            answers 429 and says to try again after `seconds`; `rate_limit` does
            that with what exceeds a token bucket. `server_error` answers 500
            without the effect, `server_error_after` with it; `garble` has the
            effect and cuts the answer in half; `redirect` answers 302. The others
            answer 401, 402, 403 and 404.
        operation: Such as ``create-access-key``, or ``*``.
        workspace_id: Only calls about this workspace.
        key_id: Only calls about this access key.
        name: Only calls that give an access key this name.
        caller: Only calls by this access key or person, told by its id.
        skip: Let this many matching calls pass first.
        times: Strike this often; None is for ever.
        seconds: See `kind`.
        rate: Tokens per simulated second of a `rate_limit`.
        burst: Size of its bucket.
    """

    kind: FaultKind
    operation: str = "*"
    workspace_id: str | None = None
    key_id: str | None = None
    name: str | None = None
    caller: str | None = None
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    seconds: float = Field(default=0, ge=0)
    rate: float = Field(default=0, ge=0)
    burst: int = Field(default=0, ge=0)

    def matches(self, call: Sighting) -> bool:
        """Say whether a call is meant."""
        return (
            self.operation in ("*", call.operation)
            and self.workspace_id in (None, call.workspace_id)
            and self.key_id in (None, call.key_id)
            and self.name in (None, call.name)
            and self.caller in (None, call.caller)
        )


class Call(Shape):
    """One call as the simulator saw it; no secret is in it.

    A request that takes effect later is seen twice: when it arrives, with its
    fault, and when it has its effect, without.

    Attributes:
        at: Simulated instant of arrival.
        operation: For example ``create-access-key``; empty for a path that nobody serves.
        caller: The id of the access key or person that the call came with; empty when
            unknown.
        is_let_in: The caller was who it said, and was let in.
        name: The name that the call gives an access key.
        key_id: The access key that it is about.
        subject_id: The id of what was made, changed or ended; empty when nothing was.
        status: The answer's HTTP status; None when no answer was sent.
        error: The code of a refusal; empty on success.
        fault: The kind of the fault that struck; None when none did.
    """

    at: AwareDatetime
    operation: str
    workspace_id: str
    caller: str
    is_let_in: bool
    user_agent: str
    name: str
    key_id: str
    subject_id: str
    status: int | None
    error: str
    fault: FaultKind | None


class AccessKeyState(Shape):
    """The whole truth about one access key.

    Attributes:
        is_accepted: Whether it is let in at this instant, lags included.
        uses: Calls that it was let in with so far.
        last_used_at: The last of them, whether it is told or not.
    """

    id: str
    key: str
    name: str
    description: str
    scopes: tuple[str, ...]
    status: Status
    created_at: AwareDatetime
    created_by: str
    replaces: str
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    is_accepted: bool
    uses: int
    last_used_at: AwareDatetime | None


class WorkspaceState(Shape):
    """One workspace; also its keys that are revoked, in the order of their making."""

    plan: Plan
    access_keys: tuple[AccessKeyState, ...]

    def active(self, name: str) -> AccessKeyState | None:
        """Return the active access key of this name, if there is one."""
        found = (k for k in self.access_keys if k.name == name and k.status == "active")
        return next(found, None)

    def access_key(self, key_id: str) -> AccessKeyState | None:
        """Return an access key, if there ever was one of this id."""
        return next((key for key in self.access_keys if key.id == key_id), None)


class State(Shape):
    """The whole truth, for checkers."""

    now: AwareDatetime
    workspaces: dict[str, WorkspaceState]
