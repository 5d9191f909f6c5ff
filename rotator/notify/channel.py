"""What a channel is, and what came of telling it something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from datetime import timedelta

    from rotator.core.notices import Notice

TOLD_PATIENCE_SECONDS: Final = 10.0
"""How long one try may take; a channel that hangs costs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one try.

    Attributes:
        code: Our code of the failure; empty if the notice was told.
        is_final: Whether the channel wants nothing any more.
        retry_after: How long it asks us to wait, if it does.
    """

    code: str = ""
    is_final: bool = False
    retry_after: timedelta | None = None

    @property
    def is_told(self) -> bool:
        """Whether the channel took the notice."""
        return not self.code


class Channel(Protocol):
    """A place where notices are told."""

    def tell(self, notice_id: str, notice: Notice) -> Verdict:
        """Tell one notice, within `TOLD_PATIENCE_SECONDS`; never raises for a failure.

        Args:
            notice_id: The same in every try, so that the receiver can drop repetitions.
            notice: What to tell.
        """
        ...
