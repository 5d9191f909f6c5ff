"""Everything that the app works with, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.audit.fingerprints import Fingerprinter
from rotator.consumers.kubernetes import KubernetesConsumers
from rotator.destinations.aws_secrets_manager.config import AwsSecretsManagerConfig
from rotator.destinations.aws_secrets_manager.destination import AwsSecretsManager
from rotator.reconcile.parts import Budget, Parts
from rotator.reconcile.watches import RootWatch, ScanWatch, SkewWatch
from rotator.telemetry.calls import CallBook
from rotator.telemetry.clock import SystemChance, SystemClock
from rotator.wiring.cluster import kubernetes_api
from rotator.wiring.destinations import destinations
from rotator.wiring.doors import Doors
from rotator.wiring.evidence import evidence
from rotator.wiring.journal import journal_or_empty
from rotator.wiring.notify import notices
from rotator.wiring.permissions import permission_book, permission_rounds
from rotator.wiring.picturing import pictures
from rotator.wiring.providers import aws_clients, key_providers
from rotator.wiring.scanning import separation, territory_scanner
from rotator.wiring.terms import terms_by_credential

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from rotator.audit.sealer import Sealer
    from rotator.errors import UnavailableError
    from rotator.journal.journal import SqlJournal
    from rotator.notify.notices import Notices
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.workspace import Workspace
    from rotator.reconcile.checking import PermissionRounds
    from rotator.reconcile.picturing import Pictures
    from rotator.reconcile.scan import Scanner
    from rotator.settings.settings import Settings
    from rotator.telemetry.prometheus import PrometheusTelemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What everything else is done with, put together once; the app has the same fields.

    Attributes:
        open_workspace: Opens a workspace, by its id or name, for what operators do by hand.
        open_api_keys: Opens an account of an HTTP API in the same way.
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
    pictures: Pictures
    notices: Notices
    open_workspace: Callable[[str], Workspace]
    open_api_keys: Callable[[str], ApiKeys]
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
    journal, missing = journal_or_empty(settings, stack, chance, read_only=read_only)
    roots, scans, skew = RootWatch(), ScanWatch(), SkewWatch()
    permits = permission_book(settings, clock)
    telemetry, sealer = evidence(
        settings, journal, clock, roots, permits, scans, skew=skew, stack=stack
    )
    calls = CallBook(telemetry)
    clients = aws_clients(settings, clock, calls, permits, read_only=read_only)
    vault = AwsSecretsManager(AwsSecretsManagerConfig(owner=settings.owner), clients)
    doors = Doors(settings, stack, clock, chance, calls, vault.read_field)
    cluster = kubernetes_api(settings, stack, clock, chance, calls, read_only=read_only)
    providers = key_providers(settings, clients, doors, read_only=read_only)
    budget, evident = settings.aws.secrets_budget, settings.audit
    parts = Parts(
        journal=journal,
        providers=providers,
        destinations=destinations(settings, vault, cluster, clock, read_only=read_only),
        clock=clock,
        chance=chance,
        terms_for=terms_by_credential(settings, providers, journal),
        gate=sealer,
        telemetry=telemetry,
        budget=Budget(rate=budget.rate, burst=budget.burst),
        lease_period=settings.limits.lease_period,
        on_skew=skew.note,
        permits=permits,
        calls=calls,
        fingerprints=Fingerprinter(evident.fingerprint_keys, evident.fingerprint_current),
        consumers=KubernetesConsumers(cluster) if cluster else None,
    )
    apart = separation(settings, doors, telemetry, scans)
    return Wiring(
        journal=journal,
        clock=clock,
        chance=chance,
        telemetry=telemetry,
        sealer=sealer,
        parts=parts,
        scanner=territory_scanner(settings, parts, roots, scans, apart),
        skew=skew,
        rounds=permission_rounds(settings, parts, clients, permits),
        pictures=pictures(settings, journal, parts, roots, None if read_only else scans),
        notices=notices(settings, stack, journal, parts),
        open_workspace=doors.workspace,
        open_api_keys=doors.api_keys,
        missing=missing,
    )
