"""What an installation does, put together by `rotator.wiring`: the use cases of every command."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator import __version__
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.errors import UnavailableError
from rotator.journal.opening import upgrade_journal
from rotator.reconcile import instructions
from rotator.reconcile.orders import order
from rotator.reconcile.planning import Known, plan
from rotator.reconcile.reconciler import Reconciler
from rotator.reconcile.scan import candidates
from rotator.wiring import embedded_engine, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rotator.audit.sealer import Sealer
    from rotator.core.ids import AccountId, CredentialId, KeyId
    from rotator.core.orders import Order, Pause, Verb
    from rotator.core.rotation import Credential, Rotation, Trigger
    from rotator.engines.embedded import EmbeddedEngine
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Chance, Clock
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.planning import PlanRow
    from rotator.reconcile.scan import Scanner
    from rotator.settings.settings import Settings
    from rotator.telemetry.prometheus import PrometheusTelemetry
    from rotator.wiring import SkewWatch

DRAIN_TIMEOUT = timedelta(seconds=75)
"""Less than the 90 s that the chart gives a pod to end."""

_BATCH = 100


@dataclass(slots=True)
class App:
    """Everything wired together; made by `open_app`.

    Attributes:
        missing: Why an empty journal stands in for the real one; None if none does.
        on_idle: Called when nothing is due and nothing runs; a demonstration
            moves its clock there.
    """

    settings: Settings
    journal: SqlJournal
    clock: Clock
    chance: Chance
    telemetry: PrometheusTelemetry
    sealer: Sealer
    parts: Parts
    scanner: Scanner
    skew: SkewWatch
    missing: UnavailableError | None = None
    on_idle: Callable[[], None] | None = None
    engine: EmbeddedEngine = field(init=False)

    def __post_init__(self) -> None:
        """Make the engine that carries our own work."""
        self.engine = embedded_engine(self.settings, self, self.telemetry, self.on_idle)

    def due(self, limit: int) -> Sequence[CredentialId]:
        """Name credentials to look at now; while our clock is off, one, to see if it still is."""
        is_off = self.skew.is_off(self.settings.limits.clock_skew)
        return self.journal.due(now=self.clock.now(), limit=1 if is_off else limit)

    def reconcile(self, credential: CredentialId) -> None:
        """Look at one credential."""
        Reconciler(self.parts).reconcile(credential)

    def scan(self) -> None:
        """Look for principals in every account."""
        self.scanner.scan()

    def seal(self) -> None:
        """Number, chain and write waiting audit records."""
        self.sealer.seal()

    def held(self) -> tuple[Credential, ...]:
        """Credentials that wait for a person."""
        return tuple(item for item in self.journal.credentials() if item.hold is not None)

    def once(self) -> int:
        """Do one scan and all due work; return how many credentials wait for a person.

        Raises:
            UnavailableError: All due work was done, but an account could not be searched.
        """
        self._note(AuditAction.DAEMON_START, "once")
        self.seal()
        is_complete = self.scanner.scan()
        while found := self.due(_BATCH):
            for credential in found:
                self.reconcile(credential)
            self.seal()
        self._note(AuditAction.DAEMON_STOP, "once")
        self.seal()
        if not is_complete:
            hint = "see the log for the account and the reason"
            raise UnavailableError("not every account could be searched", hint=hint)
        return len(self.held())

    def run(self) -> None:
        """Work until `stop`; what has begun is finished first.

        Raises:
            FatalError: The process cannot go on safely.
        """
        engine = self.engine
        self._note(AuditAction.DAEMON_START, f"mode {self.settings.mode.value}")
        self._note(AuditAction.POLICY_LOAD, f"sha256 {self.settings.policy_digest}")
        self.telemetry.log("info", "daemon started", mode=self.settings.mode.value)
        try:
            engine.run()
        finally:
            is_drained = engine.drain(DRAIN_TIMEOUT)
            self._note(AuditAction.DAEMON_STOP, "drained" if is_drained else "cut short")
            self.seal()
            self.telemetry.log("info", "daemon stopped", drained=is_drained)

    def stop(self) -> None:
        """End `run`, or keep it from starting; may be called by a signal's handler."""
        self.engine.drain(DRAIN_TIMEOUT)

    def order(self, credential: Credential, trigger: Trigger, *, operator: str) -> None:
        """Order a rotation in an operator's name; the next pass carries it out."""
        order(self.journal, self.clock, self.chance, credential, trigger, operator=operator)

    def instruct(
        self,
        credential: Credential,
        verb: Verb,
        *,
        operator: str,
        reason: str,
        rotation: Rotation | None = None,
        key_id: KeyId | None = None,
    ) -> Order:
        """Give an order about a rotation or a key; the next pass carries it out."""
        return instructions.instruct(
            self.journal,
            self.clock,
            self.chance,
            credential,
            verb,
            operator=operator,
            reason=reason,
            rotation=rotation,
            key_id=key_id,
        )

    def pause(
        self,
        *,
        operator: str,
        reason: str,
        account: AccountId | None = None,
        credential: CredentialId | None = None,
    ) -> Pause:
        """Pause a credential, an account, or with neither of them everything.

        Raises:
            UnavailableError: There is no journal yet, so nobody would know of the pause.
        """
        if self.missing is not None:
            raise self.missing
        return instructions.pause(
            self.journal,
            self.clock,
            self.chance,
            operator=operator,
            reason=reason,
            account=account,
            credential=credential,
        )

    def unpause(self, paused: Pause, *, operator: str, reason: str) -> Pause | None:
        """Lift a pause; None when somebody else has lifted it meanwhile."""
        return instructions.unpause(
            self.journal, self.clock, self.chance, paused, operator=operator, reason=reason
        )

    def plan(self) -> tuple[PlanRow, ...]:
        """Say what would happen to each key; change nothing."""
        stored = {item.id: item for item in self.journal.credentials()}
        rows: list[PlanRow] = []
        for territory in self.scanner.territories:
            found = candidates(territory, self.scanner.decide, self.clock.now())
            for candidate in sorted(found, key=lambda item: item.principal.name):
                rows += plan(self.parts, candidate, self._known(stored.get(candidate.id)))
        return tuple(rows)

    def _known(self, credential: Credential | None) -> Known:
        if credential is None:
            return Known()
        rotations = self.journal.rotations(credential.id)
        opened = next((item for item in rotations if item.is_open), None)
        return Known(credential=credential, rotation=opened, keys=self.journal.keys(credential.id))

    def _note(self, action: AuditAction, reason: str) -> None:
        record = AuditRecord(
            id=self.chance.new_id(),
            at=self.clock.now(),
            stage=Stage.EVENT,
            action=action,
            outcome="success",
            reason=reason,
            evidence={"version": __version__},
        )
        self.journal.append((record,))


@contextmanager
def open_app(
    settings: Settings,
    *,
    read_only: bool,
    clock: Clock | None = None,
    on_idle: Callable[[], None] | None = None,
) -> Iterator[App]:
    """Wire everything for the length of a ``with``.

    Args:
        settings: What the two files say.
        read_only: For commands beside the daemon: the journal is not locked and
            no call that changes anything at a vendor is ever sent.
        clock: Another clock than the system's.
        on_idle: See `App`.

    Raises:
        UnavailableError: The journal cannot be opened.
    """
    with ExitStack() as stack:
        wiring = wire(settings, stack, read_only=read_only, clock=clock)
        yield App(
            settings=settings,
            journal=wiring.journal,
            clock=wiring.clock,
            chance=wiring.chance,
            telemetry=wiring.telemetry,
            sealer=wiring.sealer,
            parts=wiring.parts,
            scanner=wiring.scanner,
            skew=wiring.skew,
            missing=wiring.missing,
            on_idle=on_idle,
        )


def upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """Make the journal or bring its schema up to date; say from what to what."""
    return upgrade_journal(settings.journal_url)
