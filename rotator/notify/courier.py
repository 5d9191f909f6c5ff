"""Tells what waits in the outbox, and never for long.

A channel that fails rests until its notice's next try, so that it costs the others
one time-out; channels take turns, so that a slow one is not always first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core import redelivery
from rotator.core.events import AuditAction, AuditRecord, Stage
from rotator.core.ids import Instant
from rotator.core.notices import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.core.notices import Outgoing
    from rotator.notify.channel import Channel, Verdict
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.journal import AuditQueue
    from rotator.ports.outbox import Outbox

BATCH: Final = 20
"""Notices of one channel that one round tells at most."""

ROUND_SECONDS: Final = 4.0
"""After this a round begins no other try; the next round begins with the next channel."""

LEASE: Final = timedelta(minutes=5)
"""For how long taken notices are ours; longer than any round takes."""

LONGEST_REST: Final = timedelta(minutes=5)


class Courier:
    """Brings notices to their channels, at least once each."""

    def __init__(
        self,
        outbox: Outbox,
        queue: AuditQueue,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        chance: Chance,
        monotonic: Callable[[], float],
        telemetry: Telemetry,
    ) -> None:
        """Take what is told and who is told.

        Args:
            outbox: Where notices wait.
            queue: Takes the record of a notice that is given up.
            channels: By their names.
            clock: Tells when a notice is due.
            chance: Names records.
            monotonic: Seconds that never run backwards, for the bound of a round.
            telemetry: Counts tries.
        """
        self._outbox = outbox
        self._queue = queue
        self._channels = dict(channels)
        self._clock = clock
        self._chance = chance
        self._monotonic = monotonic
        self._telemetry = telemetry
        self._turns = list(channels)
        self._rests: dict[str, Instant] = {}

    def go(self) -> None:
        """Tell what is due, within a bound."""
        ends_at = self._monotonic() + ROUND_SECONDS
        for name in tuple(self._turns):
            if self._monotonic() >= ends_at:
                return
            self._turns.append(self._turns.pop(0))
            self._serve(name, ends_at)

    def _serve(self, name: str, ends_at: float) -> None:
        now = self._clock.now()
        if name in self._rests and now < self._rests[name]:
            return
        self._rests.pop(name, None)
        until = Instant(now + LEASE)
        for notice in self._outbox.take(name, now=now, until=until, limit=BATCH):
            is_over = self._monotonic() >= ends_at or name in self._rests
            if is_over:
                self._outbox.settle(notice)  # untried: it is free for the next round
                continue
            self._try(notice)

    def _try(self, notice: Outgoing) -> None:
        verdict = self._verdict(notice)
        after = _settled(notice, verdict, self._clock.now())
        if not verdict.is_told and not verdict.is_final:
            pause = min(after.next_at, Instant(self._clock.now() + LONGEST_REST))
            self._rests[notice.channel] = pause
        if after.delivery is Delivery.GIVEN_UP:
            self._queue.append((self._record(after),))
        self._outbox.settle(after)
        self._tell(after)

    def _verdict(self, notice: Outgoing) -> Verdict:
        return self._channels[notice.channel].tell(notice.id, notice.notice)

    def _record(self, notice: Outgoing) -> AuditRecord:
        kind = notice.notice.kind
        return AuditRecord(
            id=self._chance.new_id(),
            at=self._clock.now(),
            stage=Stage.EVENT,
            action=AuditAction.NOTIFICATION_FAIL,
            outcome="failure",
            error=notice.last_error,
            reason=f"given up after {notice.attempts} tries",
            evidence={"channel": notice.channel, "notice": notice.id, "kind": kind},
        )

    def _tell(self, notice: Outgoing) -> None:
        outcome = _OUTCOMES[notice.delivery]
        self._telemetry.count("notifications", channel=notice.channel, outcome=outcome)
        if notice.delivery is not Delivery.TOLD:
            self._telemetry.log(
                "warning",
                "notice not told",
                channel=notice.channel,
                code=notice.last_error,
                attempts=notice.attempts,
                given_up=notice.delivery is Delivery.GIVEN_UP,
            )


_OUTCOMES = {
    Delivery.TOLD: "told",
    Delivery.WAITING: "retried",
    Delivery.GIVEN_UP: "given_up",
}


def _settled(notice: Outgoing, verdict: Verdict, now: Instant) -> Outgoing:
    if verdict.is_told:
        return redelivery.told(notice)
    return redelivery.failed(
        notice,
        verdict.code,
        now,
        is_final=verdict.is_final,
        retry_after=verdict.retry_after,
    )
