"""The JSON that crosses the control endpoints, as the server and its client both see it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, Field

from rotator.simulators.cipherstash.roles import Role
from rotator.simulators.shapes import Shape

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.faults import Sighting

DEFAULT_REGION = "us-east-1.aws"
ADMIN_NAME = "rotator-admin"

Region = Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]+-\d\.[a-z]+$")]
WorkspaceId = Annotated[str, Field(pattern=r"^[A-Z2-7]{16}$")]
KeysetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_/-]{1,64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
ClientType = Literal["application", "device"]


class Settings(Shape):
    """How slow the simulated CipherStash is, and what it does where nobody knows the real one.

    Attributes:
        token_seconds: How long a token is accepted.
        machine_tokens: Tokens begin and end by the machine's clock, so that a real
            client's own reckoning holds while the simulated time is moved.
        tokens_end_at_revocation: A token ends with the access key it was given for.
        propagation_delay_seconds: How long a new key, client or grant is refused.
        revocation_lag_seconds: How long a revoked or deleted one is accepted.
        list_lag_seconds: How old what listings tell is.
        last_used_lag_seconds: How late `lastUsedAt` tells a use.
        unpaid: Workspaces whose keys are refused with 402.
        moved: Paths that have changed, by operation; the old path answers 404.
        key_ids_with_prefix: Listings tell key ids with ``CSAK`` before them.
        keys_tell_role: Listings of access keys tell the role.
        client_listing: What `list-clients` tells of keysets: all that are granted and
            the bound one, the bound one alone (as in 2024), or a list of objects.
        flags_devices: `list-clients` tells whether a client is a device's.
        empty_list_is_empty_body: The console tells of no access keys by no body at all.
        names_are_reusable: A revoked access key's name may be given again.
        keys_may_revoke_themselves: An access key's token may revoke that key.
        duplicate_status: The status for an access key's name that is taken.
        error_style: What refusals carry: the reason as text or as JSON, nothing, or a
            quotation of the whole request, which a careless vendor might send.
        secret_mark: What secrets contain that are made from now on; see `marks_of`.
    """

    token_seconds: float = Field(default=900, gt=0)
    machine_tokens: bool = False
    tokens_end_at_revocation: bool = False
    propagation_delay_seconds: float = Field(default=0, ge=0)
    revocation_lag_seconds: float = Field(default=0, ge=0)
    list_lag_seconds: float = Field(default=0, ge=0)
    last_used_lag_seconds: float = Field(default=0, ge=0)
    unpaid: tuple[str, ...] = ()
    moved: dict[str, str] = Field(default_factory=dict)
    key_ids_with_prefix: bool = False
    keys_tell_role: bool = False
    client_listing: Literal["keyset_ids", "dataset_id", "keysets"] = "keyset_ids"
    flags_devices: bool = True
    empty_list_is_empty_body: bool = False
    names_are_reusable: bool = True
    keys_may_revoke_themselves: bool = False
    duplicate_status: Literal[400, 409] = 409
    error_style: Literal["text", "json", "empty", "quoting"] = "text"
    secret_mark: str = Field(default="", pattern=r"^[A-Z2-7]{0,20}$")


class AccessKeySeed(Shape):
    """An access key to begin with; id and secret are generated when absent.

    Its age counts from the simulator's clock unless `created_at` is given.
    """

    name: str
    role: Role = "member"
    key_id: str | None = Field(default=None, pattern=r"^[A-Z2-7]+$")
    secret: str | None = Field(default=None, pattern=r"^[A-Z2-7]+$")
    age_seconds: float = Field(default=0, ge=0)
    created_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None


class KeysetSeed(Shape):
    """A keyset to begin with; every workspace has the keyset ``default`` besides."""

    name: KeysetName
    id: Id | None = None
    description: str = "seeded"
    is_disabled: bool = False


class ClientSeed(Shape):
    """A ZeroKMS client to begin with.

    Attributes:
        keysets: Names of the keysets that it is granted, of which the first is bound;
            none: it has no default keyset and no grant.
    """

    name: str
    id: Id | None = None
    description: str = "seeded"
    keysets: tuple[KeysetName, ...] = ("default",)
    client_type: ClientType = "application"
    age_seconds: float = Field(default=0, ge=0)


class WorkspaceSeed(Shape):
    """What to add to one workspace; the workspace is made when it is new.

    Attributes:
        region: Taken from the first seed.
        admin: The access key with which the daemon is admitted; made with the workspace.
    """

    workspace_id: WorkspaceId
    region: Region = DEFAULT_REGION
    admin: AccessKeySeed = AccessKeySeed(name=ADMIN_NAME, role="admin")
    access_keys: tuple[AccessKeySeed, ...] = ()
    keysets: tuple[KeysetSeed, ...] = ()
    clients: tuple[ClientSeed, ...] = ()


class SeededAccessKey(Shape):
    """An access key, as nobody is ever told it again."""

    key_id: str
    access_key: str


class SeededClient(Shape):
    """A client, and its key in hexadecimal digits, as CS_CLIENT_KEY holds it."""

    id: str
    client_key: str


class SeededWorkspace(Shape):
    """What a seed made.

    Attributes:
        crn: The value of CS_WORKSPACE_CRN.
        admin: The daemon's access key.
        human: A token of a person with every right, which never ends; the console's
            bearer too.
        access_keys: Those of this seed, by name.
        keysets: The ids of all keysets of the workspace, by name.
        clients: Those of this seed, by name.
    """

    workspace_id: str
    region: str
    crn: str
    admin: SeededAccessKey
    human: str
    access_keys: dict[str, SeededAccessKey]
    keysets: dict[str, str]
    clients: dict[str, SeededClient]


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
    PAYMENT_REQUIRED = "payment_required"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"


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
            effect and cuts the answer in half. `not_found` (404), `not_allowed`
            (405) and `redirect` (302) are paths that have changed. The others
            answer 401, 402 and 403.
        operation: Such as ``create-access-key`` or ``list-clients``, or ``*``.
        workspace_id: Only calls about this workspace.
        name: Only calls that name this access key, client or keyset.
        client_id: Only calls about this client.
        keyset: Only calls about the keyset of this id or name, as the call says it.
        caller: Only calls with (or, in ``authorise``, of) the access key of this id.
        skip: Let this many matching calls pass first.
        times: Strike this often; None is for ever.
        seconds: See `kind`.
        rate: Tokens per simulated second of a `rate_limit`.
        burst: Size of its bucket.
    """

    kind: FaultKind
    operation: str = "*"
    workspace_id: str | None = None
    name: str | None = None
    client_id: str | None = None
    keyset: str | None = None
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
            and self.name in (None, call.name)
            and self.client_id in (None, call.client_id)
            and self.keyset in (None, call.keyset)
            and self.caller in (None, call.caller)
        )


class Call(Shape):
    """One call as the simulator saw it; no secret is in it.

    A request that takes effect later is seen twice: when it arrives, with its
    fault, and when it has its effect, without.

    Attributes:
        at: Simulated instant of arrival.
        operation: For example ``create-access-key``; empty for a path that nobody serves.
        caller: The id of the access key, without prefix, that the call came with or,
            in ``authorise``, asked for; ``human`` for the person; empty when unknown.
        role: The caller's; empty when it was not let in.
        name: The name of an access key, client or keyset that the call says.
        client_id: The client that it says.
        keyset: The id or name of the keyset that it says.
        subject_id: The id of what was made, changed or ended; empty when nothing was.
        asked_role: The role that was asked for a new access key.
        status: The answer's HTTP status; None when no answer was sent.
        error: The reason of a refusal; empty on success.
        is_effective: The call was let in, allowed and carried out.
        fault: The kind of the fault that struck; None when none did.
    """

    at: AwareDatetime
    service: str
    operation: str
    workspace_id: str
    caller: str
    role: str
    user_agent: str
    name: str
    client_id: str
    keyset: str
    subject_id: str
    asked_role: str
    status: int | None
    error: str
    is_effective: bool
    fault: FaultKind | None


class AccessKeyState(Shape):
    """The whole truth about one access key.

    Attributes:
        is_accepted: Whether `authorise` takes it at this instant, lags included.
        last_used_at: The last token that it was given; None when never.
        uses: Tokens so far.
        calls: Calls that were let in with its tokens so far.
        last_called_at: The last of them.
    """

    key_id: str
    name: str
    role: str
    access_key: str
    created_at: AwareDatetime
    revoked_at: AwareDatetime | None
    is_accepted: bool
    last_used_at: AwareDatetime | None
    uses: int
    calls: int
    last_called_at: AwareDatetime | None


class ClientState(Shape):
    """The whole truth about one client.

    Attributes:
        client_key: In hexadecimal digits.
        bound_keyset: The id of its default keyset; None when it has none.
        grants: The ids of the keysets that it is granted.
        last_used_at: When it last loaded a keyset or asked for data keys.
        uses: How often it did.
    """

    id: str
    name: str
    client_type: ClientType
    client_key: str
    bound_keyset: str | None
    grants: frozenset[str]
    created_at: AwareDatetime
    deleted_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    uses: int


class KeysetState(Shape):
    """One keyset."""

    id: str
    name: str
    description: str
    is_default: bool
    is_disabled: bool


class WorkspaceState(Shape):
    """One workspace, in the order of creation; access keys and clients also those that ended."""

    region: str
    access_keys: tuple[AccessKeyState, ...]
    clients: tuple[ClientState, ...]
    keysets: tuple[KeysetState, ...]

    def access_key(self, name: str) -> AccessKeyState | None:
        """Return the access key of this name that is not revoked, if there is one."""
        found = (key for key in self.access_keys if key.name == name and key.revoked_at is None)
        return next(found, None)

    def client(self, client_id: str) -> ClientState | None:
        """Return a client, deleted or not, if there ever was one of this id."""
        return next((client for client in self.clients if client.id == client_id), None)


class State(Shape):
    """The whole truth, for checkers."""

    now: AwareDatetime
    workspaces: dict[str, WorkspaceState]
