"""Who looks where for principals, and by whose verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.ids import AccountId
from rotator.core.policy import decide
from rotator.providers.aws_iam import PROVIDER
from rotator.providers.cipherstash.config import CLIENT_KEYS
from rotator.providers.cipherstash.workspace import CipherStashWorkspace
from rotator.reconcile.apart import EnvironmentCheck
from rotator.reconcile.judging import Territory
from rotator.reconcile.scan import Scanner

if TYPE_CHECKING:
    from rotator.ports.evidence import Telemetry
    from rotator.reconcile.judging import Decide
    from rotator.reconcile.parts import Parts
    from rotator.reconcile.watches import RootWatch, ScanWatch
    from rotator.settings.settings import Settings
    from rotator.wiring.doors import Doors


def separation(
    settings: Settings, doors: Doors, telemetry: Telemetry, scans: ScanWatch
) -> EnvironmentCheck:
    """Make what looks whether the environments of workspaces are apart."""
    named = {item.id: item.section.environments for item in settings.workspaces}
    ways = {
        account: CipherStashWorkspace(doors.admission(account, read_only=True))
        for account, environments in named.items()
        if environments
    }
    return EnvironmentCheck(
        environments=named, workspaces=ways, telemetry=telemetry, on_found=scans.found
    )


def territory_scanner(
    settings: Settings,
    parts: Parts,
    roots: RootWatch,
    scans: ScanWatch,
    apart: EnvironmentCheck,
) -> Scanner:
    """Make what finds the principals of every account that is configured."""

    def note(territory: Territory, code: str) -> None:
        scans.note(territory.name, territory.account, code)
        if territory.name == CLIENT_KEYS and not code:
            apart.look(territory.account)

    pairs = [(PROVIDER, AccountId(account.id)) for account in settings.aws.accounts]
    pairs += [(name, item.id) for item in settings.workspaces for name in item.providers]
    pairs += [(item.spec.name, item.id) for item in settings.http_accounts]
    return Scanner(
        territories=tuple(
            Territory(name=name, provider=parts.providers[name], account=account)
            for name, account in pairs
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
