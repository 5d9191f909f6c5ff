"""The JSON that crosses the control endpoints, as the server and its client both see it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rotator.simulators.shapes import Shape

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.faults import Sighting


class Settings(Shape):
    """How slow the simulated cluster is; seconds are simulated seconds.

    Attributes:
        controller_lag_seconds: How long controllers take to see a change.
        pod_start_seconds: From a pod's creation until it is ready.
        pod_stop_seconds: From a pod's deletion until it is gone.
        nodes: How many a DaemonSet runs on.
        max_page_size: Cap on the items of one page, to make small worlds paginate.
        csi_rotation_seconds: How often the Secrets Store CSI driver looks for new
            versions; None, the driver's own default, is never.
        csi_reconcile_seconds: How late its report of a mount is.
    """

    controller_lag_seconds: float = Field(default=1, ge=0)
    pod_start_seconds: float = Field(default=10, ge=0)
    pod_stop_seconds: float = Field(default=5, ge=0)
    nodes: int = Field(default=2, ge=1)
    max_page_size: int = Field(default=500, ge=1)
    csi_rotation_seconds: float | None = Field(default=None, gt=0)


class Rule(Shape):
    """A rule as Roles have it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    resource_names: tuple[str, ...] = ()


class AccountSeed(Shape):
    """A service account to begin with.

    Attributes:
        token: Drawn when absent.
        expires_in_seconds: From now; None is never.
        roles: Its rules by namespace; those under the empty name are for the whole
            cluster.
    """

    namespace: str
    name: str
    token: str | None = None
    expires_in_seconds: float | None = None
    roles: dict[str, tuple[Rule, ...]] = Field(default_factory=dict)


class ObjectSeed(Shape):
    """An object to begin with; workloads are rolled out already if they are old enough.

    Attributes:
        manifest: As it would be sent.
        manager: Who owns its fields.
        operation: How it came to own them.
        age_seconds: How long ago it was made.
    """

    manifest: dict[str, Any]
    manager: str = "kubectl"
    operation: Literal["Apply", "Update"] = "Update"
    age_seconds: float = Field(default=0, ge=0)


class RemoteValue(Shape):
    """What a secret store outside the cluster holds under one name.

    Attributes:
        text: The value.
        version: Its id there.
    """

    text: str
    version: str = ""


class ClusterSeed(Shape):
    """What to add to the cluster; ``default`` and the seeded objects' namespaces are made."""

    namespaces: tuple[str, ...] = ()
    accounts: tuple[AccountSeed, ...] = ()
    objects: tuple[ObjectSeed, ...] = ()
    remotes: dict[str, RemoteValue] = Field(default_factory=dict)


class SeededCluster(Shape):
    """What a seed made.

    Attributes:
        admin: A token that may do everything.
        tokens: Those of this seed's accounts, by ``namespace/name``.
    """

    admin: str
    tokens: dict[str, str]


class BrokenWorkload(Shape):
    """A workload whose pods do not become ready, or do so again.

    Attributes:
        is_broken: Whether pods that start from now on crash; when false, those that
            crash become ready.
        falls: Whether pods that are ready crash at once, too.
    """

    kind: str
    namespace: str
    name: str
    is_broken: bool = True
    falls: bool = False


class TlsEndpoint(Shape):
    """Where the API is served by TLS.

    Attributes:
        ca: The certificate, in PEM, of the authority that vouches for it; made for this
            process.
    """

    url: str
    ca: str


class FaultKind(StrEnum):
    """What goes wrong with a call that a rule matches."""

    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    DELAY_REQUEST = "delay_request"
    DELAY_ANSWER = "delay_answer"
    LAND_LATE = "land_late"
    THROTTLE = "throttle"
    RATE_LIMIT = "rate_limit"
    CONFLICT = "conflict"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR_AFTER = "server_error_after"
    TIMEOUT_AFTER = "timeout_after"
    GARBLE = "garble"
    REDIRECT = "redirect"
    ACCESS_DENIED = "access_denied"
    CREDENTIAL_REVOKED = "credential_revoked"
    NOT_FOUND = "not_found"
    WRONG_DATE = "wrong_date"


class FaultRule(Shape):
    """When a fault strikes, and which; rules are tried in the order of posting.

    Attributes:
        kind: The fault. Connections are dropped without an answer by
            `lose_request` (no effect), `lose_answer` (effect) and `land_late`
            (effect `seconds` of simulated time later). `delay_request` has the
            effect and the answer after `seconds` of real time; `delay_answer` has
            the effect at once and answers after `seconds` of real time. `throttle`
            answers 429 and says to try again after `seconds`; `rate_limit` does
            that with what exceeds a token bucket. `conflict`, `server_error`,
            `unavailable`, `access_denied`, `credential_revoked` and `not_found`
            answer 409, 500, 503, 403, 401 and 404 without the effect;
            `server_error_after` and `timeout_after` 500 and 504 with it; `garble`
            has the effect and cuts the answer in half; `redirect` answers 302;
            `wrong_date` has the effect and tells a date that is `seconds` ahead.
        operation: Such as ``apply-secrets``, or ``*``.
        namespace: Only calls about this namespace.
        name: Only calls about the object of this name.
        caller: Only calls by this user.
        skip: Let this many matching calls pass first.
        times: Strike this often; None is for ever.
        seconds: See `kind`; below 0 only for `wrong_date`.
        rate: Tokens per simulated second of a `rate_limit`.
        burst: Size of its bucket.
    """

    kind: FaultKind
    operation: str = "*"
    namespace: str | None = None
    name: str | None = None
    caller: str | None = None
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    seconds: float = 0
    rate: float = Field(default=0, ge=0)
    burst: int = Field(default=0, ge=0)

    def matches(self, call: Sighting) -> bool:
        """Say whether a call is meant."""
        return (
            self.operation in ("*", call.operation)
            and self.namespace in (None, call.namespace)
            and self.name in (None, call.name)
            and self.caller in (None, call.caller)
        )


class Call(Shape):
    """One call as the simulator saw it; no secret is in it.

    A request that takes effect later is seen twice: when it arrives, with its
    fault, and when it has its effect, without.

    Attributes:
        at: Simulated instant of arrival.
        operation: For example ``apply-secrets``; empty for a path that nobody serves.
        namespace: The one that the path names; empty for none.
        name: The object that it is about; empty for a list.
        caller: The user that its token belongs to; empty when unknown.
        is_whole: Whole objects were asked for, and not only their metadata.
        status: The answer's HTTP status; None when no answer was sent.
        error: The reason of a refusal; empty on success.
        fault: The kind of the fault that struck; None when none did.
    """

    at: AwareDatetime
    operation: str
    namespace: str
    name: str
    caller: str
    user_agent: str
    is_whole: bool
    status: int | None
    error: str
    fault: FaultKind | None


class State(Shape):
    """The whole truth, for checkers.

    Attributes:
        objects: All of them, as the API tells them.
        environments: What the environment of each running pod's containers was when they
            started, by ``namespace/pod``; only what came from Secrets.
    """

    now: AwareDatetime
    objects: tuple[dict[str, Any], ...]
    environments: dict[str, dict[str, str]]

    def find(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object; None when there is none."""
        for thing in self.objects:
            metadata = thing["metadata"]
            found = (thing["kind"], metadata.get("namespace", ""), metadata["name"])
            if found == (kind, namespace, name):
                return thing
        return None
