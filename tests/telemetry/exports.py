"""Reading what is exported, and collectors to export it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.core.ids import AccountId
from rotator.core.notices import Outgoing
from rotator.core.standing import AuditStanding, SinkStanding
from rotator.core.tallies import AgeLimits
from rotator.core.terms import Mode
from rotator.telemetry.process import PATIENCE, ProcessCollector, Sources
from rotator.telemetry.state import StateCollector
from rotator.testing.builders import EPOCH, PROVIDER, at
from rotator.testing.manual_clock import ManualClock, SeededChance
from rotator.testing.memory_journal import MemoryJournal
from rotator.testing.memory_outbox import MemoryOutbox
from rotator.testing.memory_tallies import MemoryTallies

if TYPE_CHECKING:
    from rotator.ports.tallies import Tallies
    from rotator.telemetry.prometheus import PrometheusTelemetry

LOG = "rotator-test"
CHANNEL = "security"
MAX_AGE = timedelta(days=90)
LIMITS = AgeLimits(by_rule={"defaults": MAX_AGE}, otherwise=timedelta(days=30))
WORKSPACE = "ZVATKW3VHMFG27DY"
STANDING = AuditStanding(
    log=LOG,
    sinks=(
        SinkStanding(name="file", records=7, is_failing=False),
        SinkStanding(name="s3", records=None, is_failing=True),
    ),
    checkpoint_records=5,
    checkpoint_at=at(minutes=-1),
    is_valid=True,
    verified_at=at(hours=-1),
)


@dataclass
class Told:
    """A journal whose state is exported."""

    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(SeededChance()))
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def note(self, channel: str, name: str = "first") -> Outgoing:
        """Note a notice that is to be told at `EPOCH`."""
        before = self.outbox.noted()
        made = Outgoing(id=name, channel=channel, body="{}", made_at=EPOCH, next_at=EPOCH)
        assert self.outbox.enqueue(
            [made], before=before, after=replace(before, until=before.until + 1)
        )
        return made


def state_of(telemetry: PrometheusTelemetry, **options: Any) -> Told:  # noqa: ANN401
    """Export the state of a new journal, with options of the collector."""
    told = Told()
    export(telemetry, MemoryTallies(told.journal, told.outbox), **options)
    return told


def export(telemetry: PrometheusTelemetry, tallies: Tallies, **options: Any) -> None:  # noqa: ANN401
    """Export what `tallies` counts, with options of the collector."""
    telemetry.registry.register(
        StateCollector(
            tallies,
            ManualClock(EPOCH),
            limits=lambda: LIMITS,
            stale_after=timedelta(days=1),
            log=LOG,
            **{"channels": (CHANNEL,), **options},
        )
    )


def watch_process(
    telemetry: PrometheusTelemetry,
    *,
    patience: timedelta = PATIENCE,
    **changes: Any,  # noqa: ANN401
) -> None:
    """Export what a process knows that knows something of everything."""
    sources = Sources(
        version="1.2.3",
        policy=lambda: "c0ffee" * 10,
        is_policy_refused=lambda: False,
        mode=lambda: Mode.PLAN,
        is_audit_blocked=lambda: False,
        audit=lambda: STANDING,
        last_scans=lambda: {(PROVIDER, "111122223333"): EPOCH},
        skew=lambda: timedelta(seconds=-2),
        root_keys=lambda: {AccountId("111122223333"): 1},
        lacks=lambda: {("111122223333", "rotate"): True, ("111122223333", "scan"): False},
        scan_failures=lambda: {("cipherstash-client-key", WORKSPACE): "payment_required"},
        findings=lambda: {(WORKSPACE, "client_crosses"): 2},
    )
    telemetry.registry.register(ProcessCollector(replace(sources, **changes), patience=patience))


def value(telemetry: PrometheusTelemetry, name: str, **labels: str) -> float | None:
    """Read one sample; None if it is not exported."""
    return telemetry.registry.get_sample_value(name, labels)


def exported(telemetry: PrometheusTelemetry) -> dict[str, tuple[str, set[tuple[str, ...]]]]:
    """Name every exported family with its type and the label names of its samples."""
    families = {}
    for family in telemetry.registry.collect():
        suffix = "_total" if family.type == "counter" else ""
        labels = {
            tuple(label for label in sample.labels if label != "le") for sample in family.samples
        }
        families[f"{family.name}{suffix}"] = (family.type, labels)
    return families
