"""Which adapter stands behind each port: the one module that names concrete adapters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rotator import __version__
from rotator.audit.file_sink import FileSink
from rotator.audit.sealer import Sealer
from rotator.clients.aws import AwsClients
from rotator.clients.aws_config import AwsAccount, AwsConfig
from rotator.clients.aws_permissions import AwsPermissionCheck, Checked
from rotator.core.accounts import Place, effective_mode
from rotator.core.ids import AccountId
from rotator.core.policy import decide, recalled
from rotator.core.rotation import Action
from rotator.core.terms import Mode, Terms
from rotator.destinations.aws_secrets_manager.config import DESTINATION, AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.engines.embedded import EmbeddedEngine, EmbeddedSettings
from rotator.errors import UnavailableError
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.providers.aws_iam import (
    PROVIDER,
    AwsIamConfig,
    AwsIamProvider,
    AwsIamProviderWithTrail,
)
from rotator.reconcile.checking import PermissionRounds
from rotator.reconcile.judging import Territory
from rotator.reconcile.parts import Budget, Parts
from rotator.reconcile.permits import PermissionBook
from rotator.reconcile.scan import Scanner
from rotator.settings.permissions import (
    permission_grants,
    permission_land,
    wanted_actions,
)
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import ProcessCollector, StateCollector

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from datetime import timedelta

    from rotator.core.rotation import Credential
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.engine import Work
    from rotator.ports.journal import Accounts
    from rotator.reconcile.judging import Decide
    from rotator.settings.settings import Settings


@dataclass(slots=True)
class SkewWatch:
    """Remembers how far a provider's clock was ahead of ours when we last looked."""

    latest: timedelta | None = None

    def is_off(self, limit: timedelta) -> bool:
        """Whether our clock and a provider's differed too much when we last looked."""
        return self.latest is not None and abs(self.latest) > limit

    def note(self, skew: timedelta) -> None:
        """Remember the newest difference."""
        self.latest = skew


@dataclass(slots=True)
class RootWatch:
    """Remembers how many keys each account's root had when we last looked."""

    counts: dict[AccountId, int] = field(default_factory=dict)

    def note(self, account: AccountId, count: int) -> None:
        """Remember the newest number."""
        self.counts[account] = count


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What everything else is done with, put together once.

    Attributes:
        missing: Why an empty journal stands in for the real one; None if none does.
    """

    journal: SqlJournal
    clock: Clock
    chance: Chance
    telemetry: PrometheusTelemetry
    sealer: Sealer
    parts: Parts
    scanner: Scanner
    skew: SkewWatch
    rounds: PermissionRounds
    missing: UnavailableError | None = None


def wire(
    settings: Settings, stack: ExitStack, *, read_only: bool, clock: Clock | None = None
) -> Wiring:
    """Put the parts together.

    Args:
        settings: What the two files say.
        stack: Closes what has to be closed.
        read_only: See `rotator.app.open_app`.
        clock: Another clock than the system's.

    Raises:
        UnavailableError: The journal cannot be opened.
    """
    clock, chance = clock or SystemClock(), SystemChance()
    journal, missing = _journal(settings, stack, chance, read_only=read_only)
    roots = RootWatch()
    permits = _permits(settings, clock)
    telemetry, sealer = _evidence(settings, journal, clock, roots, permits)
    clients = _clients(settings, clock, telemetry, permits, read_only=read_only)
    kind = AwsIamProviderWithTrail if settings.aws.cloud_trail else AwsIamProvider
    provider = kind(_iam_config(settings), clients)
    owner = AwsSecretsManagerConfig(owner=settings.owner)
    budget, skew = settings.aws.secrets_budget, SkewWatch()
    parts = Parts(
        journal=journal,
        providers={PROVIDER: provider},
        destinations={DESTINATION: AwsSecretsManager(owner, clients)},
        clock=clock,
        chance=chance,
        terms_for=_terms(settings, provider, journal),
        gate=sealer,
        telemetry=telemetry,
        budget=Budget(rate=budget.rate, burst=budget.burst),
        lease_period=settings.limits.lease_period,
        on_skew=skew.note,
        permits=permits,
    )
    return Wiring(
        journal=journal,
        clock=clock,
        chance=chance,
        telemetry=telemetry,
        sealer=sealer,
        parts=parts,
        scanner=_scanner(settings, parts, roots),
        skew=skew,
        rounds=_rounds(settings, parts, clients, permits),
        missing=missing,
    )


def embedded_engine(
    settings: Settings,
    work: Work,
    telemetry: PrometheusTelemetry,
    on_idle: Callable[[], None] | None,
) -> EmbeddedEngine:
    """Make the engine that carries our own work."""
    engine = settings.engine
    return EmbeddedEngine(
        work,
        telemetry,
        monotonic=monotonic_seconds,
        settings=EmbeddedSettings(
            sweep_interval=engine.sweep_interval,
            scan_interval=engine.scan_interval,
            workers=engine.workers,
        ),
        on_idle=on_idle,
    )


def _journal(
    settings: Settings, stack: ExitStack, chance: Chance, *, read_only: bool
) -> tuple[SqlJournal, UnavailableError | None]:
    url, missing = settings.journal_url, None
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
        journal, missing = open_journal(empty, chance=chance, exclusive=False), error
    stack.callback(journal.close)
    return journal, missing


def _evidence(
    settings: Settings,
    journal: SqlJournal,
    clock: Clock,
    roots: RootWatch,
    permits: PermissionBook,
) -> tuple[PrometheusTelemetry, Sealer]:
    telemetry = PrometheusTelemetry(clock)
    sealer = Sealer(
        journal,
        [FileSink(settings.audit_file)],
        log_name=settings.log_name,
        lag_limit=settings.limits.audit_lag,
        telemetry=telemetry,
    )
    telemetry.registry.register(StateCollector(journal))
    telemetry.registry.register(
        ProcessCollector(
            version=__version__,
            mode=lambda: settings.mode,
            is_audit_blocked=lambda: sealer.is_blocked(clock.now()),
            last_scan_at=telemetry.last_scan_at,
            root_keys=lambda: roots.counts,
            lacks=permits.lacks,
        )
    )
    return telemetry, sealer


def _clients(
    settings: Settings,
    clock: Clock,
    telemetry: PrometheusTelemetry,
    permits: PermissionBook,
    *,
    read_only: bool,
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
    return AwsClients(config, clock, on_call=on_call, on_verdict=permits.heard)


def _iam_config(settings: Settings) -> AwsIamConfig:
    aws = settings.aws
    return AwsIamConfig(
        path_prefixes=tuple(aws.path_prefixes),
        verify_regions=tuple(aws.consumer_regions),
        signature_window=aws.traits.signature_window,
        list_lag=aws.traits.list_lag,
        use_quantum=aws.traits.use_quantum,
    )


def _scanner(settings: Settings, parts: Parts, roots: RootWatch) -> Scanner:
    provider = parts.providers[PROVIDER]
    return Scanner(
        territories=tuple(
            Territory(provider=provider, account=AccountId(account.id))
            for account in settings.aws.accounts
        ),
        decide=_decide(settings),
        ownership=settings.ownership,
        on_root_keys=roots.note,
        journal=parts.journal,
        clock=parts.clock,
        telemetry=parts.telemetry,
    )


def _decide(settings: Settings) -> Decide:
    return lambda principal, tags=None: decide(settings.policy, principal, tags)


def _terms(
    settings: Settings, provider: AwsIamProvider, journal: Accounts
) -> Callable[[Credential], Terms]:
    base = Terms(owner=settings.owner, traits=provider.traits, limits=settings.limits)

    def terms_for(credential: Credential) -> Terms:
        decision = recalled(settings.policy, credential.principal, credential.rule)
        return replace(
            base,
            mode=_mode(settings.mode, journal, credential),
            rule=decision.rule,
            schedule=decision.schedule,
            grace=decision.grace,
            if_drifted=decision.if_drifted,
        )

    return terms_for


def places(settings: Settings) -> tuple[Place, ...]:
    """Name the configured accounts."""
    return tuple(
        Place(provider=PROVIDER, account=AccountId(item.id), name=item.name or "")
        for item in settings.aws.accounts
    )


def _mode(configured: Mode, journal: Accounts, credential: Credential) -> Mode:
    """Ask the journal each time: a confirmation, and its withdrawal, hold from the next look on."""
    principal = credential.principal
    return effective_mode(configured, journal.accounts(), principal.provider, principal.account)


def _permits(settings: Settings, clock: Clock) -> PermissionBook:
    accounts = [AccountId(item.id) for item in settings.aws.accounts]
    wanted = {account: wanted_actions(permission_grants(settings, account)) for account in accounts}
    return PermissionBook(clock, accounts, wanted.__getitem__)


def _rounds(
    settings: Settings, parts: Parts, clients: AwsClients, permits: PermissionBook
) -> PermissionRounds:
    def checked(account: AccountId) -> Checked:
        managed = [
            item
            for item in parts.journal.credentials()
            if item.action is Action.ROTATE and item.principal.account == account
        ]
        return Checked(
            grants=permission_grants(settings, account),
            land=permission_land(settings, account),
            examples=sorted(managed, key=lambda item: item.principal.name),
        )

    accounts = [AccountId(item.id) for item in settings.aws.accounts]
    check = AwsPermissionCheck(
        clients, checked, on_time=lambda told: parts.on_skew(told - parts.clock.now())
    )
    return PermissionRounds(check, permits, accounts, parts.clock, parts.telemetry)
