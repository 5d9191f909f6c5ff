"""Reading the audit records of the journal: sealed ones first, then those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotator.core.chain import GENESIS, Link, seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.core.events import SealedRecord
    from rotator.ports.journal import Journal

_PAGE: Final = 500


def sealed_lines(journal: Journal, *, after: int = GENESIS.seq) -> Iterator[SealedRecord]:
    """Yield the records that have their number, from the one after a number on."""
    while page := journal.sealed_after(after, limit=_PAGE):
        yield from page
        after = page[-1].seq


def waiting_lines(journal: Journal, log: str = "") -> Iterator[SealedRecord]:
    """Yield the records that wait for their number, as they will be written.

    The sealer is at most a moment behind.
    """
    head = journal.head()
    link = Link(seq=head.seq, hash=head.hash) if head else GENESIS
    for record in journal.unsealed(limit=_PAGE):
        sealed = seal(record, seq=link.seq + 1, prev=link.hash, log=log)
        link = Link(seq=sealed.seq, hash=sealed.hash)
        yield sealed


def all_lines(journal: Journal) -> Iterator[str]:
    """Yield every record's line in the order of their making."""
    yield from (record.line for record in sealed_lines(journal))
    yield from (record.line for record in waiting_lines(journal))
