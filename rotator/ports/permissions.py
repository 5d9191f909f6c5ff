"""What our own identity may do: asked of a vendor, and remembered between passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from rotator.core.ids import AccountId
    from rotator.core.permissions import Missing


class PermissionCheck(Protocol):
    """Finds out what is missing without changing anything."""

    def missing(self, account: AccountId) -> Missing:
        """Check every action that is needed in an account.

        What cannot be found out is unknown; an error of the check is no denial.
        Only errors of the account as a whole are raised.

        Raises:
            RotatorError: The account cannot be reached or entered at all.
        """
        ...


class Permits(Protocol):
    """What is known to be denied, as of now."""

    def denied(
        self, account: AccountId, features: Collection[str], *, is_home: bool = False
    ) -> tuple[str, ...]:
        """Name the actions of some features that are known to be denied in an account.

        Args:
            account: The account.
            features: Which of them matter.
            is_home: Only what destinations need: the keys are another account's.
        """
        ...
