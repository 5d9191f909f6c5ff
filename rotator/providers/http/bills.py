"""What reading a whole list has cost, and the end of that.

Each answer is bounded, and so is their number; but both bounds together would still let
one server fill the memory in which every account is looked after, or keep a pass busy
until its lease is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.errors import UnavailableError
from rotator.providers.http.pointing import point, wrong_answer

if TYPE_CHECKING:
    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant
    from rotator.providers.http.limits import NetworkLimits
    from rotator.providers.http.spec import Place

_ANSWERS: Final = 8
"""How many answers of the longest kind a whole list may fill."""

_CALLS: Final = 2
"""How many calls of the longest kind a whole list may last."""


@dataclass(slots=True)
class Bill:
    """What the answers that make up one list have cost.

    Attributes:
        limits: What one of them may cost.
        place: The line of the spec that asks for them.
    """

    limits: NetworkLimits
    place: Place
    _bytes: int = 0
    _begun_at: Instant | None = None

    def add(self, answer: Answer) -> None:
        """Note an answer.

        Raises:
            RejectedError: All of them are too large; code ``pagination_too_long``.
            UnavailableError: They take too long; code ``list_too_slow``.
        """
        self._bytes += len(answer.content)
        most = _ANSWERS * self.limits.max_response_bytes
        if self._bytes > most:
            why = f"its list has more than {most} bytes"
            raise wrong_answer(answer, why, code="pagination_too_long", place=self.place)
        self._begun_at = self._begun_at or answer.received_at
        longest = timedelta(seconds=_CALLS * self.limits.total_seconds)
        if answer.received_at - self._begun_at > longest:
            raise self._too_slow(answer, longest)

    def _too_slow(self, answer: Answer, longest: timedelta) -> UnavailableError:
        seconds = longest.total_seconds()
        error = UnavailableError(
            f"{answer.operation}: the list of {answer.host} is not complete after {seconds:.0f} s",
            subject=answer.subject,
            code="list_too_slow",
            hint="ask for larger pages, or give a list more time: twice `network.timeouts.total`",
        )
        point(error, self.place)
        return error
