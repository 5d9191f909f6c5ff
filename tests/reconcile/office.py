"""An estate whose process lives on, names its requests, and has a journal that may refuse."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.events import ProviderCall, Stage
from rotator.core.rotation import Trigger
from rotator.errors import OutcomeUnknownError, UnavailableError
from rotator.reconcile.reconciler import Reconciler
from rotator.testing.memory_journal import MemoryJournal
from tests.reconcile.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.events import AuditAction, AuditRecord
    from rotator.core.rotation import Claim
    from rotator.core.secret import Secret
    from rotator.errors import RotatorError
    from rotator.ports.clock import Chance
    from rotator.ports.journal import Change
    from rotator.reconcile.parts import Parts

CHANGES = frozenset(
    {
        "create_key",
        "delete_key",
        "disable_key",
        "enable_key",
        "mark_key",
        "prepare",
        "promote",
        "stage",
        "unstage",
    }
)
"""The requests of an estate that may change something."""


class RefusingJournal(MemoryJournal):
    """Refuses to write while a test says so."""

    def __init__(self, chance: Chance) -> None:
        super().__init__(chance)
        self.refuses: Callable[[Change], RotatorError | None] = lambda _: None
        self.is_down = False
        self.loses_answers = False

    def commit(self, claim: Claim, change: Change) -> Claim:
        error = UnavailableError("the disk is full") if self.is_down else self.refuses(change)
        if error is not None:
            raise error
        return super().commit(claim, change)

    def append(self, records: tuple[AuditRecord, ...]) -> None:
        if self.is_down:
            raise UnavailableError("the disk is full")
        super().append(records)
        if self.loses_answers:
            self.loses_answers = False
            raise OutcomeUnknownError("the connection was lost in the commit")


@dataclass
class Trail:
    """A `CallTrail` of the vendors' own lists, with an id for each request."""

    estate: Estate
    seen: int = 0

    def taken(self) -> tuple[ProviderCall, ...]:
        sent = self.estate.wire.sent
        found = tuple(
            ProviderCall(service="fake", operation=verb, request_id=f"r-{number}")
            for number, verb in enumerate(sent[self.seen :], start=self.seen)
        )
        self.seen = len(sent)
        return found

    def has_change(self) -> bool:
        return not CHANGES.isdisjoint(self.estate.wire.sent[self.seen :])


class Marker:
    """A `Fingerprints` that makes the same of everything."""

    def of(self, secret: Secret) -> str | None:
        del secret
        return "hmac-sha256:k1:00ff"


@dataclass
class Office(Estate):
    """An estate whose one process goes on living, with a journal that may refuse."""

    process: Parts = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.journal: RefusingJournal = RefusingJournal(self.chance)
        self.register(self.credential())
        self.process = replace(self.parts(), calls=Trail(self), fingerprints=Marker())
        self.pass_()

    def pass_(self) -> None:
        Reconciler(self.process).reconcile(self.stored.id)
        self.consume()

    def ordered(self, trigger: Trigger = Trigger.MANUAL) -> Office:
        self.journal.request(self.stored.id, trigger, now=self.clock.now())
        return self

    def live(self, period: timedelta) -> None:
        """Look every few minutes with the same process."""
        ends = self.clock.now() + period
        while self.clock.now() < ends:
            self.pass_()
            self.clock.advance(timedelta(minutes=3))

    def records(self, action: AuditAction, stage: Stage = Stage.OUTCOME) -> list[AuditRecord]:
        found = self.journal.unsealed(limit=10_000)
        return [it for it in found if (it.action, it.stage) == (action, stage)]

    def said(self, event: str) -> list[dict[str, object]]:
        return [dict(fields) for _, name, fields in self.telemetry.lines if name == event]
