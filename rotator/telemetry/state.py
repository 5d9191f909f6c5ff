"""State metrics: read at scrape time, so that a series ends with what it tells of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from rotator.core.accounts import container_of
from rotator.core.ids import Instant
from rotator.core.notices import Delivery
from rotator.core.reasons import Reason, is_hold
from rotator.core.rotation import FINAL_PHASES, Phase
from rotator.core.tallies import LIVE_ROLES, Question
from rotator.errors import RotatorError
from rotator.telemetry import metrics
from rotator.telemetry.bounded import Bounded
from rotator.telemetry.families import earliest, gauge_family, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client.core import GaugeMetricFamily

    from rotator.core.tallies import AgeLimits, NoticeTally, PlaceTally, Tally
    from rotator.ports.clock import Clock
    from rotator.ports.tallies import Tallies
    from rotator.telemetry.families import Labels

DAYS = (30, 60, 90, 180, 365)
"""The ages that keys are counted by; one more series holds all of them."""

PATIENCE = timedelta(seconds=5)
"""How long a scrape waits for the journal; Prometheus gives up after ten seconds."""

_AGES = tuple(timedelta(days=days) for days in DAYS)
_OPEN_PHASES = tuple(phase for phase in Phase if phase not in FINAL_PHASES)
_HOLDS = tuple(reason for reason in Reason if is_hold(reason))


class StateCollector(Collector):
    """Exports what the journal holds, the same from every replica of it."""

    def __init__(
        self,
        tallies: Tallies,
        clock: Clock,
        *,
        limits: Callable[[], AgeLimits],
        stale_after: timedelta,
        log: str,
        channels: Sequence[str] = (),
        patience: timedelta = PATIENCE,
    ) -> None:
        """Take the journal, and by what it is counted.

        Args:
            tallies: The journal in numbers.
            clock: Tells the present.
            limits: How old the policy in force lets keys get.
            stale_after: A key that a listing last showed so long ago is not vouched for.
            log: The audit log's name.
            channels: Channels whose notices are counted, even where there are none.
            patience: How long a scrape waits for the journal.
        """
        self._tallies = tallies
        self._clock = clock
        self._limits = limits
        self._stale_after = stale_after
        self._log = log
        self._channels = tuple(channels)
        self._reading = Bounded(self._read, limit=patience)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the journal once; when it cannot be read in time, say so and nothing else."""
        try:
            question, tally = self._reading.answer()
        except RotatorError:
            yield gauge_family(metrics.JOURNAL_READABLE, {(): 0})
            return
        yield gauge_family(metrics.JOURNAL_READABLE, {(): 1})
        yield from _of_keys(tally.places, question.limits)
        yield from _of_credentials(tally)
        yield from _of_evidence(tally, self._log)
        yield from _of_notices(tally.notices, self._channels)

    def _read(self) -> tuple[Question, Tally]:
        question = Question(
            now=self._clock.now(),
            limits=self._limits(),
            stale_after=self._stale_after,
            ages=_AGES,
        )
        return question, self._tallies.tally(question)


def _of_keys(places: Sequence[PlaceTally], limits: AgeLimits) -> Iterator[GaugeMetricFamily]:
    yield gauge_family(metrics.KEYS, total(_by_role(places)))
    yield gauge_family(metrics.KEY_COMPLIANCE, total(_by_status(places)))
    yield gauge_family(metrics.KEY_AGES, total(_by_age(places)))
    births = [(_place(item), item.oldest_at) for item in places]
    yield gauge_family(metrics.OLDEST_KEY_CREATED, earliest(births))
    ends = [(_place(item), item.expires_at) for item in places]
    yield gauge_family(metrics.EARLIEST_EXPIRY, earliest(ends))
    yield gauge_family(metrics.EARLIEST_DEADLINE, earliest(_deadlines(places, limits)))


def _of_credentials(tally: Tally) -> Iterator[GaugeMetricFamily]:
    places = tally.places
    providers = sorted({item.provider for item in places})
    due = [(_place(item), item.due_at) for item in places]
    yield gauge_family(metrics.NEXT_ROTATION, earliest(due))
    failing = [(_place(item), item.failing) for item in places]
    yield gauge_family(metrics.CREDENTIALS_FAILING, total(failing))
    none: dict[Labels, float] = {(name, reason): 0 for name in providers for reason in _HOLDS}
    held = {
        (item.provider, item.reason): item.count for item in tally.holds if is_hold(item.reason)
    }
    yield gauge_family(metrics.CREDENTIALS_HELD, none | held)
    none = {(name, phase): 0 for name in providers for phase in _OPEN_PHASES}
    running = {(item.provider, item.phase): item.count for item in tally.phases}
    yield gauge_family(metrics.ROTATIONS_OPEN, none | running)
    since = [((item.provider, item.phase), item.since) for item in tally.phases]
    yield gauge_family(metrics.ROTATION_PHASE_SINCE, earliest(since))
    known: dict[Labels, float] = {(container_of(item.provider), item.account): 0 for item in places}
    said = {(row.provider, row.id): float(row.is_confirmed) for row in tally.accounts}
    yield gauge_family(metrics.ACCOUNT_CONFIRMED, known | said)


def _of_evidence(tally: Tally, log: str) -> Iterator[GaugeMetricFamily]:
    yield gauge_family(metrics.AUDIT_CHAIN_RECORDS, {(log,): tally.sealed})
    yield gauge_family(metrics.AUDIT_WAITING_RECORDS, {(log,): tally.unsealed})


def _of_notices(
    notices: Sequence[NoticeTally], channels: Sequence[str]
) -> Iterator[GaugeMetricFamily]:
    # What waits for a channel that was taken out of the configuration is nobody's concern.
    notices = [item for item in notices if item.channel in channels]
    none: dict[Labels, float] = {(channel,): 0 for channel in channels}
    counts: dict[Delivery, dict[Labels, float]] = {
        delivery: {(item.channel,): item.count for item in notices if item.delivery is delivery}
        for delivery in Delivery
    }
    yield gauge_family(metrics.NOTIFICATIONS_WAITING, none | counts[Delivery.WAITING])
    yield gauge_family(metrics.NOTIFICATIONS_GIVEN_UP, none | counts[Delivery.GIVEN_UP])
    waiting = [
        ((item.channel,), item.oldest_at) for item in notices if item.delivery is Delivery.WAITING
    ]
    yield gauge_family(metrics.NOTIFICATIONS_OLDEST, earliest(waiting))


def _place(tally: PlaceTally) -> Labels:
    return (tally.provider, tally.account, tally.rule)


def _by_role(places: Iterable[PlaceTally]) -> Iterator[tuple[Labels, float]]:
    for item in places:
        for role in LIVE_ROLES:
            yield (*_place(item), role), item.keys.get(role, 0)


def _by_status(places: Iterable[PlaceTally]) -> Iterator[tuple[Labels, float]]:
    for item in places:
        is_promised = item.is_promised
        statuses = {
            "compliant": item.compliant if is_promised else 0,
            "breach": item.overaged if is_promised else 0,
            "unknown": item.unknown if is_promised else 0,
            "reported": 0 if is_promised else sum(item.enabled.values()),
        }
        for status, count in statuses.items():
            yield (*_place(item), status), count


def _by_age(places: Iterable[PlaceTally]) -> Iterator[tuple[Labels, float]]:
    for item in places:
        of = item.provider, item.account
        for days, older in zip(DAYS, item.older, strict=True):
            yield (*of, str(days)), item.managed - older
        yield (*of, "+Inf"), item.managed


def _deadlines(
    places: Iterable[PlaceTally], limits: AgeLimits
) -> Iterator[tuple[Labels, Instant | None]]:
    for item in places:
        if item.is_promised and item.oldest_at is not None:
            yield _place(item), Instant(item.oldest_at + limits.of(item.rule))
