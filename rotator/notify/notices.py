"""All of notifications, as the app and its commands use them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.ids import Instant
from rotator.core.notices import Delivery, Notice, Severity
from rotator.core.redelivery import failed
from rotator.errors import ConflictError, NotFoundError, OutcomeUnknownError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.notices import Outgoing
    from rotator.notify.channel import Channel, Verdict
    from rotator.notify.courier import Courier
    from rotator.notify.heartbeat import Heartbeat
    from rotator.notify.noter import Noter
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.evidence import Telemetry
    from rotator.ports.outbox import Outbox

KEPT: Final = timedelta(days=30)
"""How long a notice is remembered after it was made, so that none is noted twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Notes, tells, and answers what commands ask.

    Attributes:
        channels: By their names; without any nothing is noted.
        heartbeat: The dead man's switch, if one is configured.
    """

    outbox: Outbox
    noter: Noter
    courier: Courier
    channels: Mapping[str, Channel]
    heartbeat: Heartbeat | None
    clock: Clock
    chance: Chance
    telemetry: Telemetry

    def go(self) -> None:
        """Note what happened since the last time, and tell what waits, within a bound.

        A journal that cannot answer is told of and left for the next time.
        """
        if not self.channels:
            return
        now = self.clock.now()
        try:
            self.noter.note(now)
            if self.noter.look_ahead(now):
                self._tidy(now)
            self.courier.go()
        except (TransientError, OutcomeUnknownError, ConflictError) as error:
            self.telemetry.log("warning", "notices wait", code=error.code)

    def _tidy(self, now: Instant) -> None:
        """Give up what waits for a channel that is no more, and forget what is long over."""
        for notice in self.outbox.waiting():
            if notice.channel not in self.channels and notice.delivery is Delivery.WAITING:
                lost = failed(notice, "no_such_channel", now, is_final=True)
                self.outbox.settle(lost)
        self.outbox.prune(Instant(now - KEPT))

    def beat(self, *, is_complete: bool) -> None:
        """Call the dead man's switch if a scan succeeded everywhere."""
        if self.heartbeat is not None and is_complete:
            self.heartbeat.beat()

    def waiting(self) -> tuple[Outgoing, ...]:
        """Every notice that is not told yet, the given-up ones too, oldest first."""
        return self.outbox.waiting()

    def try_out(self, name: str, *, operator: str) -> Verdict:
        """Tell a channel a test notice at once; nothing is kept of it.

        Raises:
            NotFoundError: No such channel is configured.
        """
        channel = self._channel(name)
        notice = Notice(
            kind="test.sent",
            severity=Severity.INFO,
            at=self.clock.now(),
            summary=f"this is a test of the channel {name}; nothing happened",
            actor=f"operator:{operator}",
            command="rotator notifications list",
        )
        return channel.tell(self.chance.new_id(), notice)

    def again(self, name: str | None) -> int:
        """Try what waits or was given up anew at the next round; return how many.

        Raises:
            NotFoundError: No such channel is configured.
        """
        if name is not None:
            self._channel(name)
        return self.outbox.again(name, now=self.clock.now())

    def _channel(self, name: str) -> Channel:
        found = self.channels.get(name)
        if found is None:
            known = ", ".join(self.channels)
            hint = f"known are {known}" if known else "add one to `notifications.channels`"
            raise NotFoundError("no such channel is configured", subject=name, hint=hint)
        return found
