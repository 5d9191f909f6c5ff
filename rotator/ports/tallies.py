"""The journal in numbers, at a cost that depends on the groups and not on the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotator.core.tallies import Question, Tally


class Tallies(Protocol):
    """Counts what the journal holds, for metrics."""

    def tally(self, question: Question) -> Tally:
        """Count everything at one moment; waits for no writer and holds none up.

        Words that only a newer release knows are left out. Groups are in no certain order.

        Raises:
            UnavailableError: The journal cannot be read, or not soon enough.
        """
        ...
