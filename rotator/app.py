"""The composition root: the one module that names concrete adapters."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rotator import __version__
from rotator.audit.file_sink import FileSink
from rotator.audit.sealer import Sealer
from rotator.clients.aws import AwsClients
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.ids import AccountId
from rotator.core.policy import decide
from rotator.core.terms import Mode, Terms
from rotator.destinations.aws_secrets_manager.config import DESTINATION, AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.engines.embedded import EmbeddedEngine, EmbeddedSettings
from rotator.errors import UnavailableError
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.providers.aws_iam import PROVIDER, AwsIamConfig, AwsIamProvider
from rotator.reconcile.orders import order
from rotator.reconcile.parts import Budget, Parts
from rotator.reconcile.planning import Known, plan
from rotator.reconcile.reconciler import Reconciler
from rotator.reconcile.scan import Scanner, Territory, candidates
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import ProcessCollector, StateCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rotator.core.ids import CredentialId
    from rotator.core.policy import Decision
    from rotator.core.rotation import Credential, Trigger
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Chance, Clock
    from rotator.reconcile.planning import PlanRow
    from rotator.settings.settings import Settings

DRAIN_TIMEOUT = timedelta(seconds=75)
"""Less than the 90 s that the chart gives a pod to end."""

_BATCH = 100


@dataclass(slots=True)
class SkewWatch:
    """Remembers how far a provider's clock was ahead of ours when we last looked."""

    latest: timedelta | None = None

    def note(self, skew: timedelta) -> None:
        """Remember the newest difference."""
        self.latest = skew


@dataclass(slots=True)
class App:
    """Everything wired together; made by `open_app`.

    Attributes:
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
    on_idle: Callable[[], None] | None = None
    engine: EmbeddedEngine = field(init=False)

    def __post_init__(self) -> None:
        """Make the engine that carries our own work."""
        engine = self.settings.engine
        self.engine = EmbeddedEngine(
            self,
            self.telemetry,
            monotonic=monotonic_seconds,
            settings=EmbeddedSettings(
                sweep_interval=engine.sweep_interval,
                scan_interval=engine.scan_interval,
                workers=engine.workers,
            ),
            on_idle=self.on_idle,
        )

    def due(self, limit: int) -> Sequence[CredentialId]:
        """Name credentials to look at now."""
        return self.journal.due(now=self.clock.now(), limit=limit)

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
        """Work until SIGTERM or SIGINT; what has begun is finished first.

        Raises:
            FatalError: The process cannot go on safely.
        """
        engine = self.engine
        self._note(AuditAction.DAEMON_START, f"mode {self.settings.mode.value}")
        self._note(AuditAction.POLICY_LOAD, f"sha256 {self.settings.policy_digest}")
        self.telemetry.log("info", "daemon started", mode=self.settings.mode.value)
        try:
            with _signals(lambda: engine.drain(DRAIN_TIMEOUT)):
                engine.run()
        finally:
            is_drained = engine.drain(DRAIN_TIMEOUT)
            self._note(AuditAction.DAEMON_STOP, "drained" if is_drained else "cut short")
            self.seal()
            self.telemetry.log("info", "daemon stopped", drained=is_drained)

    def order(self, credential: Credential, trigger: Trigger, *, operator: str) -> None:
        """Order a rotation in an operator's name; the next pass carries it out."""
        order(self.journal, self.clock, self.chance, credential, trigger, operator=operator)

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
    dice = SystemChance()
    with ExitStack() as stack:
        journal = _journal(settings, stack, dice, read_only=read_only)
        yield _wired(
            settings,
            journal,
            clock or SystemClock(),
            dice,
            read_only=read_only,
            on_idle=on_idle,
        )


def upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """Make the journal or bring its schema up to date; say from what to what."""
    return upgrade_journal(settings.journal_url)


def _journal(
    settings: Settings, stack: ExitStack, chance: Chance, *, read_only: bool
) -> SqlJournal:
    url = settings.journal_url
    if not read_only:
        upgrade_journal(url)
    try:
        journal = open_journal(url, chance=chance, exclusive=not read_only)
    except UnavailableError as error:
        if not read_only or error.code != "journal_missing":
            raise
        # A plan before the first start: there is nothing to remember yet.
        folder = stack.enter_context(TemporaryDirectory(prefix="rotator-plan-"))
        empty = f"sqlite:///{Path(folder) / 'empty.db'}"
        upgrade_journal(empty)
        journal = open_journal(empty, chance=chance, exclusive=False)
    stack.callback(journal.close)
    return journal


def _wired(
    settings: Settings,
    journal: SqlJournal,
    clock: Clock,
    chance: Chance,
    *,
    read_only: bool,
    on_idle: Callable[[], None] | None,
) -> App:
    telemetry = PrometheusTelemetry(clock)
    sealer = Sealer(
        journal,
        [FileSink(settings.audit_file)],
        log_name=settings.log_name,
        lag_limit=settings.limits.audit_lag,
        telemetry=telemetry,
    )
    clients = _clients(settings, clock, telemetry, read_only=read_only)
    provider = AwsIamProvider(_iam_config(settings), clients)
    owner = AwsSecretsManagerConfig(owner=settings.owner)
    skew = SkewWatch()
    parts = Parts(
        journal=journal,
        providers={PROVIDER: provider},
        destinations={DESTINATION: AwsSecretsManager(owner, clients)},
        clock=clock,
        chance=chance,
        terms_for=_terms(settings, provider),
        gate=sealer,
        telemetry=telemetry,
        budget=Budget(
            rate=settings.aws.secrets_budget.rate, burst=settings.aws.secrets_budget.burst
        ),
        lease_period=settings.limits.lease_period,
        on_skew=skew.note,
    )
    scanner = Scanner(
        territories=tuple(
            Territory(provider=provider, account=AccountId(account.id))
            for account in settings.aws.accounts
        ),
        decide=_decide(settings),
        journal=journal,
        clock=clock,
        telemetry=telemetry,
    )
    _collect(settings, journal, telemetry, sealer, clock)
    return App(
        settings=settings,
        journal=journal,
        clock=clock,
        chance=chance,
        telemetry=telemetry,
        sealer=sealer,
        parts=parts,
        scanner=scanner,
        skew=skew,
        on_idle=on_idle,
    )


def _clients(
    settings: Settings, clock: Clock, telemetry: PrometheusTelemetry, *, read_only: bool
) -> AwsClients:
    aws = settings.aws

    def on_call(service: str, operation: str, code: str, request_id: str, seconds: float) -> None:
        del service, request_id, seconds
        telemetry.count("provider_calls", operation=operation, code=code)

    config = AwsConfig(
        accounts={
            account.id: AwsAccount(role_arn=account.role_arn, region=account.region)
            for account in aws.accounts
        },
        region=aws.region,
        endpoint_url=aws.endpoint_url,
        endpoint_urls=dict(aws.endpoint_urls),
        max_pool_connections=max(16, settings.engine.workers),
        read_only=read_only or settings.mode is Mode.PLAN,
    )
    return AwsClients(config, clock, on_call=on_call)


def _iam_config(settings: Settings) -> AwsIamConfig:
    aws = settings.aws
    return AwsIamConfig(
        path_prefixes=tuple(aws.path_prefixes),
        verify_regions=tuple(aws.consumer_regions),
        signature_window=aws.traits.signature_window,
        list_lag=aws.traits.list_lag,
        use_quantum=aws.traits.use_quantum,
    )


def _decide(settings: Settings) -> Callable[..., Decision]:
    return lambda principal: decide(settings.policy, principal)


def _terms(settings: Settings, provider: AwsIamProvider) -> Callable[[Credential], Terms]:
    base = Terms(
        owner=settings.owner, mode=settings.mode, traits=provider.traits, limits=settings.limits
    )

    def terms_for(credential: Credential) -> Terms:
        decision = decide(settings.policy, credential.principal)
        return replace(base, rule=decision.rule, schedule=decision.schedule, grace=decision.grace)

    return terms_for


def _collect(
    settings: Settings,
    journal: SqlJournal,
    telemetry: PrometheusTelemetry,
    sealer: Sealer,
    clock: Clock,
) -> None:
    telemetry.registry.register(StateCollector(journal))
    telemetry.registry.register(
        ProcessCollector(
            version=__version__,
            mode=lambda: settings.mode,
            is_audit_blocked=lambda: sealer.is_blocked(clock.now()),
            last_scan_at=telemetry.last_scan_at,
        )
    )


@contextmanager
def _signals(stop: Callable[[], object]) -> Iterator[None]:
    """Stop on SIGTERM and SIGINT; in another thread than the main one, leave signals alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        del number, frame
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
