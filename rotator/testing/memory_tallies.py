"""A double of `rotator.ports.tallies` that counts rows one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Protocol, TypeVar

from rotator.core.notices import Delivery
from rotator.core.reasons import Reason
from rotator.core.rotation import Action, Role
from rotator.core.tallies import (
    MANAGED_ROLES,
    HoldTally,
    NoticeTally,
    PhaseTally,
    PlaceTally,
    Tally,
)
from rotator.ports.journal import Accounts, AuditQueue, Inventory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rotator.core.rotation import Credential, KeyRecord
    from rotator.core.tallies import Question
    from rotator.ports.outbox import Outbox

    Place = tuple[str, str, str, Action]

T = TypeVar("T")
G = TypeVar("G")


class Rows(Accounts, AuditQueue, Inventory, Protocol):
    """What of a journal is counted."""


class MemoryTallies:
    """Counts the rows that a journal gives out, whichever journal it is."""

    def __init__(self, journal: Rows, outbox: Outbox | None = None) -> None:
        """Take the journal and, where there is one, its outbox."""
        self._journal = journal
        self._outbox = outbox

    def tally(self, question: Question) -> Tally:
        """Count everything."""
        head = self._journal.head()
        return Tally(
            places=tuple(self._places(question)),
            holds=tuple(self._holds()),
            phases=tuple(self._phases()),
            accounts=self._journal.accounts(),
            notices=tuple(self._notices()),
            sealed=head.seq + 1 if head else 0,
            unsealed=len(self._journal.unsealed(limit=1_000_000)),
        )

    def _places(self, question: Question) -> Iterator[PlaceTally]:
        everything = self._journal.keys(None)
        keys = grouped((key.credential_id, key) for key in everything)
        credentials = self._journal.credentials()
        for place, members in grouped((_place(item), item) for item in credentials).items():
            yield _tally(question, place, [(item, keys.get(item.id, [])) for item in members])

    def _holds(self) -> Iterator[HoldTally]:
        held = Counter(
            (item.principal.provider, item.hold.reason)
            for item in self._journal.credentials()
            if item.hold
        )
        for (provider, reason), count in held.items():
            yield HoldTally(provider=provider, reason=reason, count=count)

    def _phases(self) -> Iterator[PhaseTally]:
        providers = {item.id: item.principal.provider for item in self._journal.credentials()}
        found = grouped(
            ((providers[item.credential_id], item.phase), item.phase_since)
            for item in self._journal.rotations()
            if item.is_open
        )
        for (provider, phase), since in found.items():
            yield PhaseTally(provider=provider, phase=phase, count=len(since), since=min(since))

    def _notices(self) -> Iterator[NoticeTally]:
        notices = self._outbox.waiting() if self._outbox else ()
        found = grouped(
            ((item.channel, item.delivery), item.made_at)
            for item in notices
            if item.delivery is not Delivery.TOLD
        )
        for (channel, delivery), made in found.items():
            yield NoticeTally(
                channel=channel, delivery=delivery, count=len(made), oldest_at=min(made)
            )


def grouped(pairs: Iterable[tuple[G, T]]) -> dict[G, list[T]]:
    """Collect what stands under the same name, in order."""
    groups: defaultdict[G, list[T]] = defaultdict(list)
    for name, item in pairs:
        groups[name].append(item)
    return dict(groups)


def _place(of: Credential) -> Place:
    return (of.principal.provider, of.principal.account, of.rule, of.action)


def _tally(
    question: Question, place: Place, members: list[tuple[Credential, list[KeyRecord]]]
) -> PlaceTally:
    provider, account, rule, action = place
    credentials = [item for item, _ in members]
    keys = [key for _, own in members for key in own]
    live = [key for key in keys if key.gone_at is None and key.role is not Role.GONE]
    managed = [key for key in keys if _is_managed(key)]
    due = [item.due_at for item in credentials if item.due_at and action is Action.ROTATE]
    ends = [
        key.expires_at
        for key in keys
        if key.expires_at and key.role is Role.CURRENT and action is Action.ROTATE
    ]
    born = question.born_before(rule)
    return PlaceTally(
        provider=provider,
        account=account,
        rule=rule,
        action=action,
        credentials=len(credentials),
        failing=sum(item.failures > 0 for item in credentials),
        keyless=sum(bool(it.hold and it.hold.reason is Reason.NO_KEY) for it in credentials),
        keys=Counter(key.role for key in live),
        enabled=Counter(key.role for key in live if key.enabled),
        managed=len(managed),
        overaged=sum(key.created_at < born for key in managed),
        unvouched=sum(
            key.created_at >= born and key.seen_at <= question.stale_before for key in managed
        ),
        older=tuple(
            sum(key.created_at < question.now - age for key in managed) for age in question.ages
        ),
        oldest_at=min((key.created_at for key in managed), default=None),
        due_at=min(due, default=None),
        expires_at=min(ends, default=None),
    )


def _is_managed(key: KeyRecord) -> bool:
    return key.enabled and key.gone_at is None and key.role in MANAGED_ROLES
