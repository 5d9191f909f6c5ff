"""Which adapter stands behind each port: the one module that names concrete adapters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rotator import __version__
from rotator.audit.file_sink import FileSink
from rotator.audit.sealer import Sealer
from rotator.clients.aws import AwsClients
from rotator.clients.aws_permissions import AwsPermissionCheck, Checked
from rotator.clients.http import HttpClient
from rotator.core.accounts import effective_mode
from rotator.core.ids import AccountId
from rotator.core.policy import decide, recalled
from rotator.core.rotation import Action
from rotator.core.terms import Mode, Terms
from rotator.destinations.aws_secrets_manager.config import DESTINATION, AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.engines.embedded import EmbeddedEngine, EmbeddedSettings
from rotator.errors import UnavailableError
from rotator.journal.opening import open_journal, upgrade_journal
from rotator.providers.aws_iam import PROVIDER, AwsIamProvider, AwsIamProviderWithTrail
from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.admission import Admission
from rotator.providers.cipherstash.client_keys import CipherStashClientKeys
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.providers.cipherstash.workspace import CipherStashWorkspace
from rotator.reconcile.apart import EnvironmentCheck
from rotator.reconcile.checking import PermissionRounds
from rotator.reconcile.judging import Territory
from rotator.reconcile.parts import Budget, Parts
from rotator.reconcile.permits import PermissionBook
from rotator.reconcile.scan import Scanner
from rotator.reconcile.watches import RootWatch, ScanWatch, SkewWatch
from rotator.settings.adapters import aws_config, http_config, iam_config, workspace_config
from rotator.settings.permissions import (
    destination_actions,
    permission_grants,
    permission_land,
    wanted_actions,
)
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds
from rotator.telemetry.prometheus import PrometheusTelemetry
from rotator.telemetry.state import ProcessCollector, StateCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack
    from datetime import timedelta

    from rotator.core.rotation import Credential
    from rotator.journal.journal import SqlJournal
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.engine import Work
    from rotator.ports.journal import Accounts
    from rotator.ports.provider import KeyProvider
    from rotator.ports.workspace import Workspace
    from rotator.reconcile.judging import Decide
    from rotator.settings.adapters import ReadField
    from rotator.settings.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What everything else is done with, put together once.

    Attributes:
        workspace: Opens a workspace, by its id or name, for what operators do by hand.
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
    workspace: Callable[[str], Workspace]
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
    roots, scans = RootWatch(), ScanWatch()
    permits = _permits(settings, clock)
    telemetry, sealer = _evidence(settings, journal, clock, roots, permits, scans)
    clients = _clients(settings, clock, telemetry, permits, read_only=read_only)
    vault = AwsSecretsManager(AwsSecretsManagerConfig(owner=settings.owner), clients)
    doors = Doors(settings, stack, clock, chance, telemetry, vault.read_field)
    kind = AwsIamProviderWithTrail if settings.aws.cloud_trail else AwsIamProvider
    providers = {
        PROVIDER: kind(iam_config(settings), clients),
        **_workspace_providers(settings, doors, read_only=read_only),
    }
    budget, skew = settings.aws.secrets_budget, SkewWatch()
    parts = Parts(
        journal=journal,
        providers=providers,
        destinations={DESTINATION: vault},
        clock=clock,
        chance=chance,
        terms_for=_terms(settings, providers, journal),
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
        scanner=_scanner(settings, parts, roots, scans, _apart(settings, doors, scans)),
        skew=skew,
        rounds=_rounds(settings, parts, clients, permits),
        workspace=doors.workspace,
        missing=missing,
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """Opens the configured workspaces; sends nothing before something is asked of one.

    Attributes:
        stack: Closes what was opened.
        read_field: Reads a field of a secret, for keys that are kept in one.
    """

    settings: Settings
    stack: ExitStack
    clock: Clock
    chance: Chance
    telemetry: PrometheusTelemetry
    read_field: ReadField

    def admission(self, name: str, *, read_only: bool) -> Admission:
        """Make a way into a workspace, over a transport of its own.

        Raises:
            NotFoundError: The configuration names no such workspace.
        """
        found = self.settings.workspace(name)

        def on_call(operation: str, code: str, seconds: float) -> None:
            del seconds
            self.telemetry.count("provider_calls", operation=operation, code=code)

        http = HttpClient(
            http_config(self.settings, found, read_only=read_only),
            self.clock,
            self.chance,
            monotonic=monotonic_seconds,
            on_call=on_call,
        )
        self.stack.callback(http.close)
        return Admission(workspace_config(self.settings, found, self.read_field), http, self.clock)

    def workspace(self, name: str) -> Workspace:
        """Open a workspace for an operator, who changes it beside a running daemon."""
        return CipherStashWorkspace(self.admission(name, read_only=False))


def _workspace_providers(
    settings: Settings, doors: Doors, *, read_only: bool
) -> dict[str, KeyProvider]:
    """Make the providers of the workspaces; both enter each by one and the same token."""
    entered = [
        (item, doors.admission(item.id, read_only=read_only)) for item in settings.workspaces
    ]
    with_clients = [admission for item, admission in entered if CLIENT_KEYS in item.providers]
    return {
        ACCESS_KEYS: CipherStashAccessKeys([admission for _, admission in entered]),
        CLIENT_KEYS: CipherStashClientKeys(with_clients),
    }


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
    scans: ScanWatch,
) -> tuple[PrometheusTelemetry, Sealer]:
    telemetry = PrometheusTelemetry(clock)
    sealer = Sealer(
        journal,
        [FileSink(settings.audit_file)],
        log_name=settings.log_name,
        lag_limit=settings.limits.audit_lag,
        telemetry=telemetry,
    )

    def max_age(credential: Credential) -> timedelta:
        return recalled(settings.policy, credential.principal, credential.rule).schedule.max_age

    telemetry.registry.register(StateCollector(journal, max_age=max_age))
    telemetry.registry.register(
        ProcessCollector(
            version=__version__,
            mode=lambda: settings.mode,
            is_audit_blocked=lambda: sealer.is_blocked(clock.now()),
            last_scan_at=telemetry.last_scan_at,
            root_keys=lambda: roots.counts,
            lacks=permits.lacks,
            scan_failures=lambda: scans.failed,
            findings=lambda: scans.findings,
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
    def on_call(service: str, operation: str, code: str, request_id: str, seconds: float) -> None:
        del service, request_id, seconds
        telemetry.count("provider_calls", operation=operation, code=code)

    config = aws_config(settings, read_only=read_only)
    return AwsClients(config, clock, on_call=on_call, on_verdict=permits.heard)


def _apart(settings: Settings, doors: Doors, scans: ScanWatch) -> EnvironmentCheck:
    named = {item.id: item.section.environments for item in settings.workspaces}
    ways = {
        account: CipherStashWorkspace(doors.admission(account, read_only=True))
        for account, environments in named.items()
        if environments
    }
    return EnvironmentCheck(
        environments=named, workspaces=ways, telemetry=doors.telemetry, on_found=scans.found
    )


def _scanner(
    settings: Settings,
    parts: Parts,
    roots: RootWatch,
    scans: ScanWatch,
    apart: EnvironmentCheck,
) -> Scanner:
    names = {id(provider): name for name, provider in parts.providers.items()}

    def note(territory: Territory, code: str) -> None:
        name = names[id(territory.provider)]
        scans.note(name, territory.account, code)
        if name == CLIENT_KEYS and not code:
            apart.look(territory.account)

    pairs = [(PROVIDER, AccountId(account.id)) for account in settings.aws.accounts]
    pairs += [(name, item.id) for item in settings.workspaces for name in item.providers]
    return Scanner(
        territories=tuple(
            Territory(provider=parts.providers[name], account=account) for name, account in pairs
        ),
        decide=_decide(settings),
        ownership=settings.ownership,
        on_root_keys=roots.note,
        on_scanned=note,
        journal=parts.journal,
        clock=parts.clock,
        telemetry=parts.telemetry,
    )


def _decide(settings: Settings) -> Decide:
    return lambda principal, tags=None: decide(settings.policy, principal, tags)


def _terms(
    settings: Settings, providers: Mapping[str, KeyProvider], journal: Accounts
) -> Callable[[Credential], Terms]:
    bases = {
        name: Terms(owner=settings.owner, traits=provider.traits, limits=settings.limits)
        for name, provider in providers.items()
    }

    def terms_for(credential: Credential) -> Terms:
        decision = recalled(settings.policy, credential.principal, credential.rule)
        return replace(
            bases[credential.principal.provider],
            mode=_mode(settings.mode, journal, credential),
            rule=decision.rule,
            schedule=decision.schedule,
            grace=decision.grace,
            if_drifted=decision.if_drifted,
        )

    return terms_for


def _mode(configured: Mode, journal: Accounts, credential: Credential) -> Mode:
    """Ask the journal each time: a confirmation, and its withdrawal, hold from the next look on."""
    principal = credential.principal
    return effective_mode(configured, journal.accounts(), principal.provider, principal.account)


def _permits(settings: Settings, clock: Clock) -> PermissionBook:
    accounts = [AccountId(item.id) for item in settings.aws.accounts]
    wanted = {account: wanted_actions(permission_grants(settings, account)) for account in accounts}
    return PermissionBook(
        clock, accounts, wanted.__getitem__, for_destinations=destination_actions()
    )


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
        clients, checked, on_time=lambda told: parts.on_skew(PROVIDER, told - parts.clock.now())
    )
    return PermissionRounds(check, permits, accounts, parts.clock, parts.telemetry)
