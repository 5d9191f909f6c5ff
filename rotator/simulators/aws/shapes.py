"""The JSON that crosses the control endpoints, as the server and its client both see it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from rotator.simulators.shapes import Shape

if TYPE_CHECKING:
    from rotator.simulators.aws.faults import Sighting

DEFAULT_REGION = "us-east-1"
PolicyDocument = dict[str, Any]
Trusted = Annotated[
    str, Field(pattern=r"^(\*|\d{12}|arn:aws:iam::\d{12}:(root|user/\S+|role/\S+))$")
]


class Credentials(Shape):
    """What a client signs with."""

    access_key_id: str
    secret_access_key: str


class Settings(Shape):
    """How slow and how coarse the simulated AWS is; seconds are simulated seconds.

    Attributes:
        propagation_delay_seconds: How long a new or re-enabled key is refused.
        revocation_lag_seconds: How long a disabled or deleted key is accepted.
        list_lag_seconds: How old what ListAccessKeys tells is: it omits a newer key,
            and shows a later deleted or switched one as it was.
        last_used_quantum_seconds: Of the uses within this span only the first is recorded.
        last_used_lag_seconds: How late GetAccessKeyLastUsed tells a recorded use.
        trail_lag_seconds: How late CloudTrail's event history shows a call.
        max_page_size: Cap on the items of one page, to make small worlds paginate.
        signature_window_seconds: How old a signature may be when its request takes
            effect, with real senders; None, for worlds on a clock of their own, lets
            every age pass.
        report_delay_seconds: How long a credential report is in progress.
        rates: Tokens per simulated second, and size of the bucket, by operation, or
            ``*`` for each of the others; every account has its own buckets.
        secret_mark: What the secret of every key begins with that is minted from now
            on, so that a test can look for leaked ones.
    """

    propagation_delay_seconds: float = Field(default=10, ge=0)
    revocation_lag_seconds: float = Field(default=3, ge=0)
    list_lag_seconds: float = Field(default=0, ge=0)
    last_used_quantum_seconds: float = Field(default=900, ge=0)
    last_used_lag_seconds: float = Field(default=0, ge=0)
    trail_lag_seconds: float = Field(default=0, ge=0)
    max_page_size: int = Field(default=1000, ge=1, le=1000)
    signature_window_seconds: float | None = Field(default=None, gt=0)
    report_delay_seconds: float = Field(default=0, ge=0)
    rates: dict[str, tuple[Annotated[float, Field(ge=0)], Annotated[int, Field(ge=0)]]] = Field(
        default_factory=dict
    )
    secret_mark: str = Field(default="", pattern=r"^[A-Za-z0-9+/]{0,20}$")


class KeySeed(Shape):
    """An access key to begin with; ids and secrets are generated when absent.

    Its age counts from the simulator's clock unless `created_at` is given.
    """

    access_key_id: str | None = Field(default=None, pattern=r"^AKIA[A-Z0-9]{16}$")
    secret_access_key: str | None = None
    status: Literal["Active", "Inactive"] = "Active"
    age_seconds: float = Field(default=0, ge=0)
    created_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None


class UserSeed(Shape):
    """An IAM user to begin with.

    Attributes:
        policies: What the user may do; None is a consumer, who may read every secret
            of the account and nothing else.
    """

    name: str
    path: str = "/"
    tags: dict[str, str] = Field(default_factory=dict)
    console_password: bool = False
    keys: tuple[KeySeed, ...] = Field(default=(), max_length=2)
    policies: tuple[PolicyDocument, ...] | None = None


class RoleSeed(Shape):
    """An IAM role to begin with.

    In an account without a single seeded role every role may be assumed, by
    everybody who may call AssumeRole, and its sessions may do everything.

    Attributes:
        policies: What its sessions may do; None is everything.
        trusts: Who may assume it, if their own policies allow it too: account ids,
            ARNs of users and roles, or ``*``.
    """

    name: str
    path: str = "/"
    policies: tuple[PolicyDocument, ...] | None = None
    trusts: tuple[Trusted, ...] = ()


class PolicyChange(Shape):
    """Policies to put in the place of those that a user or role has; None as in a seed."""

    account_id: str
    name: str
    policies: tuple[PolicyDocument, ...] | None


class SecretSeed(Shape):
    """A secret to begin with, text or binary; without a value it has no version at all."""

    name: str
    value: str | None = None
    binary: bytes | None = None
    region: str = DEFAULT_REGION
    tags: dict[str, str] = Field(default_factory=dict)
    native_rotation: bool = False


class AccountSeed(Shape):
    """What to add to one account; the account is made when it is new.

    Attributes:
        scps: Service control policies, for every principal of the account,
            administrators included; only what they deny counts, as beside them
            AWS's ``FullAWSAccess`` is attached.
    """

    account_id: str = Field(pattern=r"^\d{12}$")
    root_key_active: bool = False
    users: tuple[UserSeed, ...] = ()
    roles: tuple[RoleSeed, ...] = ()
    secrets: tuple[SecretSeed, ...] = ()
    scps: tuple[PolicyDocument, ...] = ()


class SeededAccount(Shape):
    """What a seed made.

    Attributes:
        admin: May do everything in the account; meant for the daemon.
        human: The same, with another key, so that calls tell the two apart.
        users: Keys of the users of this seed, in the seed's order.
        roles: ARNs of the roles of this seed, by name.
        secrets: ARNs of the secrets of this seed, by name.
    """

    account_id: str
    admin: Credentials
    human: Credentials
    users: dict[str, tuple[Credentials, ...]]
    roles: dict[str, str]
    secrets: dict[str, str]


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
    ACCESS_DENIED = "access_denied"
    CREDENTIAL_REVOKED = "credential_revoked"


class FaultRule(Shape):
    """When a fault strikes, and which; rules are tried in the order of posting.

    Attributes:
        kind: The fault. Connections are dropped without an answer by
            `lose_request` (no effect), `lose_answer` (effect) and `land_late`
            (effect `seconds` of simulated time later). `delay_request` has the
            effect and the answer after `seconds` of real time; `delay_answer` has
            the effect at once and answers after `seconds` of real time.
            `rate_limit` throttles what exceeds a token bucket. `server_error` is an
            answer of 500 without the effect, `server_error_after` one with it.
            `credential_revoked` takes the signer's key for one that does not exist;
            it is meant for a `caller`.
        operation: An operation's name, or ``*``.
        user_name: Only calls whose UserName is this.
        secret: Only calls on the secret of this name (or ARN).
        access_key_id: Only calls whose AccessKeyId parameter is this.
        caller: Only calls signed with this access key id.
        skip: Let this many matching calls pass first.
        times: Strike this often; None is for ever.
        seconds: See `kind`.
        rate: Tokens per simulated second of a `rate_limit`.
        burst: Size of its bucket.
    """

    kind: FaultKind
    operation: str = "*"
    user_name: str | None = None
    secret: str | None = None
    access_key_id: str | None = None
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
            and self.user_name in (None, call.user_name)
            and self.secret in (None, call.secret)
            and self.access_key_id in (None, call.access_key_id)
            and self.caller in (None, call.caller)
        )


class Call(Shape):
    """One AWS call as the simulator saw it; no secret is in it.

    A request that takes effect later is seen twice: when it arrives, with its
    fault, and when it has its effect, without.

    Attributes:
        at: Simulated instant of arrival.
        operation: For example ``CreateAccessKey``.
        caller: The access key id that signed; empty when unsigned.
        access_key_id: The AccessKeyId parameter; empty when there is none.
        status: The answer's HTTP status; None when no answer was sent.
        error: The answer's error code; empty on success.
        is_effective: The call was authenticated, allowed and carried out.
        fault: The kind of the fault that struck; None when none did.
        parameters: The parameters that say what a change is, by the API's names,
            lists joined by commas; after a mint also ``CreatedAccessKeyId``.
    """

    at: AwareDatetime
    service: str
    operation: str
    account_id: str
    caller: str
    user_agent: str
    user_name: str
    access_key_id: str
    secret: str
    status: int | None
    error: str
    is_effective: bool
    fault: FaultKind | None
    parameters: dict[str, str] = Field(default_factory=dict)


class KeyState(Shape):
    """The whole truth about one access key.

    Attributes:
        status: What the control plane says; ``Deleted`` for a deleted key.
        is_accepted: What authentication says at this instant, lags included.
        last_used_at: The last authenticated call, exact; None when never used.
        last_used_by: The same by the caller's user agent.
        reported_at: What GetAccessKeyLastUsed tells at this instant.
        uses: Authenticated calls so far.
    """

    access_key_id: str
    secret_access_key: str
    status: Literal["Active", "Inactive", "Deleted"]
    is_accepted: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None
    last_used_by: dict[str, AwareDatetime]
    reported_at: AwareDatetime | None
    uses: int


class UserState(Shape):
    """One IAM user; keys in the order of creation."""

    user_id: str
    arn: str
    created_at: AwareDatetime
    has_console_password: bool
    tags: dict[str, str]
    keys: tuple[KeyState, ...]


class VersionState(Shape):
    """One version of a secret; None for a value that is missing or binary."""

    value: str | None
    labels: tuple[str, ...]
    created_at: AwareDatetime


class SecretState(Shape):
    """One secret; versions by id, in the order of creation."""

    name: str
    region: str
    arn: str
    tags: dict[str, str]
    is_rotated_natively: bool
    deleted_at: AwareDatetime | None
    versions: dict[str, VersionState]

    def labelled(self, label: str) -> VersionState | None:
        """Return the version that carries `label`, if one does."""
        return next((v for v in self.versions.values() if label in v.labels), None)


class AccountState(Shape):
    """One account: users by name, keys that were deleted, secrets in no order."""

    users: dict[str, UserState]
    deleted_keys: tuple[KeyState, ...]
    secrets: tuple[SecretState, ...]


class State(Shape):
    """The whole truth, for checkers."""

    now: AwareDatetime
    accounts: dict[str, AccountState]
