"""Makes notices of the sealed audit chain, and the daily digest of what is coming.

Where it stands is kept beside the notices, in one transaction with them: a crash
loses none, and of two replicas one writes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.digests import coming, digest
from rotator.core.ids import Instant
from rotator.core.notice_lines import About, AuditLine, read_line
from rotator.core.notice_rules import change_of, notice_of, policy_changed, policy_of
from rotator.core.notices import Delivery, Noted, Outgoing, notice_id, outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.core.digests import Coming
    from rotator.core.ids import CredentialId
    from rotator.core.notice_routes import Routing
    from rotator.core.notices import Notice
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.core.terms import Grace, Schedule
    from rotator.ports.journal import Journal
    from rotator.ports.outbox import Outbox

BATCH: Final = 200
"""Records that one transaction makes notices of."""

_MICROSECOND: Final = timedelta(microseconds=1)

Told = tuple[str, "Notice"]


class Noter:
    """Writes into the outbox what people are to be told."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        *,
        routing: Routing,
        verdict: Callable[[Credential], tuple[Schedule, Grace]],
        policy: Callable[[], str],
    ) -> None:
        """Take what is read and what is written.

        Args:
            journal: Has the chain and the credentials.
            outbox: Takes the notices.
            routing: Says who is told of what.
            verdict: What policy says of a credential.
            policy: SHA-256 of the policy in force.
        """
        self._journal = journal
        self._outbox = outbox
        self._routing = routing
        self._verdict = verdict
        self._policy = policy

    def note(self, now: Instant) -> None:
        """Note everything that was sealed since the last time.

        The first time ever nothing is noted: years of history would be told at once.
        """
        noted = self._outbox.noted()
        if noted == Noted():
            head = self._journal.head()
            begun = Noted(until=head.seq if head else -1, policy=self._policy())
            self._outbox.enqueue((), before=noted, after=begun)
            return
        while records := self._journal.sealed_after(noted.until, limit=BATCH):
            after, told = self._read([record.line for record in records], noted)
            after = replace(after, until=records[-1].seq)
            if not self._outbox.enqueue(self._routed(told, now), before=noted, after=after):
                return  # another replica goes on from here
            noted = after

    def look_ahead(self, now: Instant) -> bool:
        """Note the digest of a day; one without news is not told.

        Returns:
            False if it was noted before, or another replica was first.
        """
        noted, day = self._outbox.noted(), now.date().isoformat()
        if noted == Noted() or noted.day >= day:
            return False
        keys: dict[CredentialId, list[KeyRecord]] = defaultdict(list)
        records = self._journal.keys()
        for record in records:
            keys[record.credential_id].append(record)
        found = coming(self._journal.credentials(), keys, self._max_age, now)
        notices = self._digests(found, now)
        return self._outbox.enqueue(notices, before=noted, after=replace(noted, day=day))

    def _read(self, lines: Sequence[str], noted: Noted) -> tuple[Noted, list[Told]]:
        told: list[Told] = []
        credentials: dict[CredentialId, Credential] = {}
        for line in map(read_line, lines):
            changed = policy_changed(line, noted.policy)
            noted = replace(noted, policy=policy_of(line) or noted.policy)
            if notice_of(line, About()) is not None and not credentials:
                credentials = {item.id: item for item in self._journal.credentials()}
            notice = changed or notice_of(line, self._about(line, credentials))
            if notice is not None:
                told.append((change_of(line), notice))
        return noted, told

    def _about(self, line: AuditLine, known: dict[CredentialId, Credential]) -> About:
        credential = known.get(line.credential) if line.credential else None
        if credential is None:
            return About()
        _, grace = self._verdict(credential)
        return About(
            owner=credential.contact, grace=grace.min_period, quarantine=grace.quarantine_period
        )

    def _routed(self, told: Sequence[Told], now: Instant) -> list[Outgoing]:
        return [
            _in_order(outgoing(channel, change, notice, now), place)
            for place, (change, notice) in enumerate(told)
            for channel in self._routing.channels(notice)
        ]

    def _max_age(self, credential: Credential) -> timedelta:
        schedule, _ = self._verdict(credential)
        return schedule.max_age

    def _digests(self, found: Sequence[Coming], now: Instant) -> list[Outgoing]:
        """Make one notice a channel of what it was not told yet, and mark that as told."""
        by_channel: dict[str, list[Coming]] = defaultdict(list)
        for item in found:
            for channel in self._routing.channels(item.notice):
                by_channel[channel].append(item)
        marks = {
            notice_id(channel, item.change)
            for channel, items in by_channel.items()
            for item in items
        }
        known, notices = self._outbox.known(marks), list[Outgoing]()
        for channel, items in by_channel.items():
            fresh = [it for it in items if notice_id(channel, it.change) not in known]
            if fresh:
                change = f"digest\n{now.date().isoformat()}"
                notices.append(outgoing(channel, change, digest(fresh, now), now))
                notices += [_mark(channel, item, now) for item in fresh]
        return notices


def _in_order(notice: Outgoing, place: int) -> Outgoing:
    """Set notices of one round a microsecond apart: they are told in the order of the chain."""
    return replace(notice, made_at=Instant(notice.made_at + place * _MICROSECOND))


def _mark(channel: str, item: Coming, now: Instant) -> Outgoing:
    marked = outgoing(channel, item.change, item.notice, now)
    return replace(marked, body="{}", delivery=Delivery.TOLD)
