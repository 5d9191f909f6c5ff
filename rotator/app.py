"""What an installation does, put together by `rotator.wiring`: the use cases of every command."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.core.events import AuditAction
from rotator.core.terms import Mode
from rotator.errors import NotFoundError, RejectedError, UnavailableError
from rotator.journal.opening import upgrade_journal
from rotator.reconcile import books, by_hand, confirming, doctoring, instructions, rebuilding
from rotator.reconcile.adopting import adopt
from rotator.reconcile.orders import order
from rotator.reconcile.plans import plan_rows
from rotator.reconcile.reconciler import Reconciler
from rotator.settings.adapters import places
from rotator.wiring.adoption import adoption_planner
from rotator.wiring.engine import embedded_engine
from rotator.wiring.policy import take_up_policy
from rotator.wiring.wire import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from rotator.audit.sealer import Sealer
    from rotator.core.accounts import Account, Place
    from rotator.core.adoption import AdoptionRow
    from rotator.core.doctor import Examination
    from rotator.core.events import Scalar
    from rotator.core.ids import AccountId, CredentialId, KeyId
    from rotator.core.orders import Order, Pause, Verb
    from rotator.core.rotation import Credential, Rotation, Trigger
    from rotator.core.secret import Secret
    from rotator.engines.embedded import EmbeddedEngine
    from rotator.journal.journal import SqlJournal
    from rotator.notify.notices import Notices
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.workspace import Workspace
    from rotator.reconcile.by_hand import Deed
    from rotator.reconcile.checking import AccountCheck, PermissionRounds
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.picturing import Pictures
    from rotator.reconcile.planning import PlanRow
    from rotator.reconcile.rebuilding import RebuildRow
    from rotator.reconcile.scan import Scanner
    from rotator.reconcile.watches import SkewWatch
    from rotator.settings.settings import Settings
    from rotator.telemetry.prometheus import PrometheusTelemetry

DRAIN_TIMEOUT = timedelta(seconds=75)
"""Less than the 90 s that the chart gives a pod to end."""

_BATCH = 100


@dataclass(slots=True)
class App:
    """Everything wired together; made by `open_app`.

    Attributes:
        missing: Why an empty journal stands in for the real one; None if none does.
        open_workspace: See `workspace`.
        open_api_keys: See `api_keys`.
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
    rounds: PermissionRounds
    pictures: Pictures
    notices: Notices
    open_workspace: Callable[[str], Workspace]
    open_api_keys: Callable[[str], ApiKeys]
    missing: UnavailableError | None = None
    on_idle: Callable[[], None] | None = None
    engine: EmbeddedEngine = field(init=False)
    _scanning: threading.Lock = field(init=False, default_factory=threading.Lock)

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
        """Look for principals in every account, and at what we are allowed to do there."""
        with self._scanning:
            is_complete = self.scanner.scan()
            self.rounds.go_if_due()
            self.pictures.keep_one_a_day(is_complete=is_complete)
            self.notices.beat(is_complete=is_complete)

    def reload(self) -> None:
        """Take up a policy that has changed, and look anew for whom it is about."""
        if take_up_policy(self.settings, self.parts):
            self.scan()

    def notify(self) -> None:
        """Note what people are to be told, and tell what waits, within a bound."""
        self.notices.go()

    def seal(self) -> None:
        """Number, chain and write waiting audit records."""
        self.parts.late.write(self.journal, self.telemetry, self.chance)
        self.sealer.seal()

    @property
    def clock_skew(self) -> timedelta | None:
        """How far a provider's clock was ahead of ours when it was last heard; None before."""
        return self.skew.latest

    def check_permissions(self) -> tuple[AccountCheck, ...]:
        """Check in every account what our own identity may do; change nothing."""
        return self.rounds.go()

    def held(self) -> tuple[Credential, ...]:
        """Credentials that wait for a person."""
        return tuple(item for item in self.journal.credentials() if item.hold is not None)

    def fingerprint(self, secret: Secret) -> str | None:
        """Return what a secret is recognised by; None without a key for it."""
        return self.parts.fingerprints.of(secret)

    def by_hand(self, deed: Deed) -> AbstractContextManager[dict[str, Scalar]]:
        """Write down what an operator is about to do, and at the end what came of it.

        Raises:
            UnavailableError: There is no journal yet that could hold it.
        """
        if self.missing is not None:
            raise self.missing
        at = (self.journal, self.clock, self.chance)
        return by_hand.recorded(*at, deed, calls=self.parts.calls)

    def once(self) -> int:
        """Do one scan and all due work; return how many credentials wait for a person.

        Raises:
            UnavailableError: All due work was done, but an account could not be searched.
        """
        self._note(AuditAction.DAEMON_START, "once")
        self._tell_unconfirmed()
        self.seal()
        is_complete = self.scanner.scan()
        self.rounds.go_if_due()
        while found := self.due(_BATCH):
            for credential in found:
                self.reconcile(credential)
            self.seal()
        self.pictures.keep_one_a_day(is_complete=is_complete)
        self._note(AuditAction.DAEMON_STOP, "once")
        self.seal()
        self.sealer.finish()
        self.notify()
        self.notices.beat(is_complete=is_complete)
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
        self._tell_unconfirmed()
        self.rounds.go_if_due()
        try:
            engine.run()
        finally:
            is_drained = engine.drain(DRAIN_TIMEOUT)
            self._note(AuditAction.DAEMON_STOP, "drained" if is_drained else "cut short")
            self.seal()
            self.sealer.finish()
            self.telemetry.log("info", "daemon stopped", drained=is_drained)

    def stop(self) -> None:
        """End `run`, or keep it from starting; may be called by a signal's handler."""
        self.engine.drain(DRAIN_TIMEOUT)

    def order(
        self, credential: Credential, trigger: Trigger, *, operator: str, reason: str = ""
    ) -> None:
        """Order a rotation in an operator's name; the next pass carries it out."""
        order(self.parts, credential, trigger, operator=operator, reason=reason)

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
            self.parts,
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
        at = (self.journal, self.clock, self.chance)
        return instructions.pause(
            *at, operator=operator, reason=reason, account=account, credential=credential
        )

    def unpause(self, paused: Pause, *, operator: str, reason: str) -> Pause | None:
        """Lift a pause; None when somebody else has lifted it meanwhile."""
        return instructions.unpause(
            self.journal, self.clock, self.chance, paused, operator=operator, reason=reason
        )

    def workspace(self, name: str) -> Workspace:
        """Open a CipherStash workspace, by its id or name, for what operators do by hand.

        Its changes are sent beside a running daemon, but in plan mode they are refused.

        Raises:
            NotFoundError: The configuration names no such workspace.
        """
        return self.open_workspace(name)

    def api_keys(self, name: str) -> ApiKeys:
        """Open an account of an HTTP API, by its id or name, as `workspace` does a workspace.

        Raises:
            NotFoundError: The configuration names no such account.
        """
        return self.open_api_keys(name)

    def places(self) -> tuple[Place, ...]:
        """Name the configured accounts."""
        return places(self.settings)

    def confirm_account(self, account: AccountId, *, operator: str, reason: str = "") -> Account:
        """Let changes be made in an account, if `mode: enforce` is configured.

        Raises:
            NotFoundError: The configuration names no such account.
            UnavailableError: There is no journal yet, so nobody would know of it.
        """
        place = self._place(account)
        return confirming.confirm(
            self.journal, self.clock, self.chance, place, operator=operator, reason=reason
        )

    def withdraw_account(self, account: AccountId, *, operator: str, reason: str = "") -> Account:
        """Put an account back into plan mode; raises as `confirm_account` does."""
        place = self._place(account)
        return confirming.withdraw(
            self.journal, self.clock, self.chance, place, operator=operator, reason=reason
        )

    def _tell_unconfirmed(self) -> None:
        if self.settings.mode is not Mode.PLAN:
            confirming.tell_unconfirmed(self.journal, self.telemetry, self.places())

    def _place(self, account: AccountId) -> Place:
        if self.missing is not None:
            raise self.missing
        found = next((place for place in self.places() if place.account == account), None)
        if found is None:
            raise NotFoundError("no such account is configured", subject=account)
        return found

    def plan(self, account: AccountId | None = None) -> tuple[PlanRow, ...]:
        """Say what would happen to each key, of one account or of all; change nothing."""
        return tuple(plan_rows(self.parts, self.scanner, account))

    def examine(
        self, name: str, account: AccountId | None = None, provider: str | None = None
    ) -> Examination:
        """Explain every key of one principal; change nothing.

        Raises:
            NotFoundError: There is no such principal, or no such account.
            RejectedError: The name exists in several accounts, or at several providers.
        """
        return doctoring.examine(self.parts, self.scanner, name, account, provider)

    def rebuild_plan(self, account: AccountId | None = None) -> tuple[RebuildRow, ...]:
        """Say what a lost journal would hold after a rebuild; change nothing.

        Args:
            account: The account to rebuild; None for every configured one.

        Raises:
            PermanentError: The journal is not lost, or an account is confirmed.
        """
        return rebuilding.plan_all(self.parts, self.scanner, account)

    def rebuild(self, rows: Sequence[RebuildRow], *, operator: str) -> tuple[RebuildRow, ...]:
        """Write down what a plan of a rebuild says; return what was written.

        Raises:
            UnavailableError: There is no journal yet that could be written.
        """
        if self.missing is not None:
            raise self.missing
        return rebuilding.write(self.parts, rows, operator=operator)

    def adoption(self, account: AccountId | None = None) -> tuple[AdoptionRow, ...]:
        """Say for each principal what adopting would come to; change nothing."""
        return adoption_planner(self.settings, self.parts, self.scanner).rows(account)

    def adopt(self, row: AdoptionRow, *, operator: str) -> KeyId | None:
        """Take a principal's published key under management; None if one is already.

        Raises:
            RejectedError: It cannot be adopted now.
            UnavailableError: There is no journal yet, or the daemon looks at it just now.
        """
        if self.missing is not None:
            raise self.missing
        if row.candidate is None:
            raise RejectedError(row.finding.why, subject=row.name)
        return adopt(self.parts, row.candidate, operator=operator)

    def _note(self, action: AuditAction, reason: str) -> None:
        record_id, now = self.chance.new_id(), self.clock.now()
        self.journal.append((books.of_daemon(action, reason, record_id=record_id, at=now),))


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
        made: dict[str, Any] = {item.name: getattr(wiring, item.name) for item in fields(wiring)}
        yield App(settings=settings, on_idle=on_idle, **made)


def upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """Make the journal or bring its schema up to date; say from what to what."""
    return upgrade_journal(settings.journal_url)
