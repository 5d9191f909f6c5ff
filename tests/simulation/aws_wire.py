"""What can go wrong between the real adapters and the simulated AWS.

A port's method makes several calls of AWS's. A failure hits the one that changes
something, or the only one; single calls can be hit by their own rules.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from rotator.core.ids import Instant
from rotator.simulators.aws.shapes import FaultKind, FaultRule
from rotator.testing.wire import Failure, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from rotator.simulators.aws.embedded import EmbeddedAws

ResultT = TypeVar("ResultT")

KINDS: dict[Failure, FaultKind] = {
    Failure.UNAVAILABLE: FaultKind.SERVER_ERROR,
    Failure.THROTTLED: FaultKind.THROTTLE,
    Failure.DENIED: FaultKind.ACCESS_DENIED,
    Failure.LOST_REQUEST: FaultKind.LOSE_REQUEST,
    Failure.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Failure.HALFWAY: FaultKind.LOSE_ANSWER,
    Failure.LATE: FaultKind.LAND_LATE,
}

TARGETS: dict[str, tuple[str, ...]] = {
    "principals": ("ListUsers",),
    "list_keys": ("ListAccessKeys",),
    "create_key": ("CreateAccessKey",),
    "delete_key": ("DeleteAccessKey",),
    "verify": ("GetCallerIdentity",),
    "disable_key": ("UpdateAccessKey",),
    "enable_key": ("UpdateAccessKey",),
    "last_used": ("GetAccessKeyLastUsed",),
    "mark_key": ("TagUser",),
    "marks": ("GetUser",),
    "minted_by": ("LookupEvents",),
    "is_person": ("GetLoginProfile",),
    "tags": ("GetUser",),
    "survey": ("GetCredentialReport",),
    "search": ("ListSecrets",),
    "describe": ("DescribeSecret",),
    "prepare": ("CreateSecret", "TagResource", "PutSecretValue"),
    "stage": ("PutSecretValue",),
    "promote": ("UpdateSecretVersionStage",),
    "unstage": ("UpdateSecretVersionStage",),
    "read_staged": ("GetSecretValue",),
    "read_version": ("GetSecretValue",),
    "published_key_id": ("GetSecretValue",),
    "previous_key_id": ("GetSecretValue",),
}
"""The calls of each method that its failures hit."""

HALVES: dict[str, tuple[str, int]] = {
    "promote": ("DescribeSecret", 1),
    "unstage": ("UpdateSecretVersionStage", 1),
}
"""The call that is lost when a method is done by half, and how many like it come before."""

_REFUSALS = frozenset({Failure.UNAVAILABLE, Failure.THROTTLED, Failure.DENIED})


@dataclass(slots=True, kw_only=True)
class AwsWire(Wire):
    """Carries the calls of whole methods; the simulated AWS does what goes wrong with them.

    Attributes:
        aws: The other side.
        ours: The access key id that we sign with.
        struck: The methods that a failure really hit, in order.
    """

    aws: EmbeddedAws
    ours: str = ""
    struck: list[tuple[str, Failure]] = field(default_factory=list)
    _lasting: FaultRule | None = None

    def land(self) -> Instant:
        """Let everything that is due take effect, in order; return the present."""
        self.aws.land()
        return self.clock.now()

    def next_landing(self) -> Instant | None:
        """Tell when the next request that is under way takes effect."""
        due = self.aws.next_landing()
        return None if due is None else Instant(due - self.aws.time.offset)

    def break_everything(self, failure: Failure | None) -> None:
        """Break every call that we sign; a denial is the loss of our own credential."""
        if self._lasting is not None:
            self.aws.world.faults.remove(self._lasting)
        self._lasting = None
        if failure is not None:
            is_denial = failure is Failure.DENIED
            kind = FaultKind.CREDENTIAL_REVOKED if is_denial else KINDS[failure]
            self._lasting = FaultRule(kind=kind, caller=self.ours, times=None)
            self.aws.world.faults.add(self._lasting)

    @contextmanager
    def breaking(self, failure: Failure) -> Iterator[None]:
        """Break every call inside the block."""
        self.break_everything(failure)
        try:
            yield
        finally:
            self.break_everything(None)

    def carry(self, method: str, call: Callable[[], ResultT]) -> ResultT:
        """Make the calls of one method, perhaps with one of them broken."""
        self.land()
        self.sent.append(method)
        found = self._take(method)
        if found is None:
            return call()
        with self._broken(method, found.failure, found.delay):
            return call()

    @contextmanager
    def _broken(self, method: str, failure: Failure, delay: timedelta) -> Iterator[None]:
        faults, rules = self.aws.world.faults, _rules(method, failure, delay)
        for rule in rules:
            faults.add(rule)
        try:
            yield
        finally:
            if sum(faults.remove(rule) for rule in rules):
                self.struck.append((method, failure))


def _rules(method: str, failure: Failure, delay: timedelta) -> list[FaultRule]:
    if failure is Failure.HALFWAY and method in HALVES:
        operation, skip = HALVES[method]
        return [FaultRule(kind=FaultKind.LOSE_REQUEST, operation=operation, skip=skip)]
    # A preparation may have nothing to do; then its only call is a look.
    is_any = method == "prepare" and failure in _REFUSALS
    return [
        FaultRule(kind=KINDS[failure], operation=operation, seconds=delay.total_seconds())
        for operation in (("*",) if is_any else TARGETS[method])
    ]
