"""Doing something in a workspace by hand: in the audit log before it is sent, and after."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import App
    from rotator.core.events import AuditAction, Scalar
    from rotator.core.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """An operator's hand in one workspace.

    Attributes:
        account: The workspace's id.
        reason: Why, in the operator's words; may be empty.
    """

    app: App
    account: AccountId
    operator: str
    reason: str

    @contextmanager
    def does(
        self, action: AuditAction, *, look: str, **evidence: Scalar
    ) -> Iterator[dict[str, Scalar]]:
        """Let the block send something; what it is and what came of it is written down.

        Args:
            action: What is done.
            look: What to try if the answer is lost.
            **evidence: What it is done to: names and ids.

        Yields:
            What the record of the outcome tells beside them; ids may be added.

        Raises:
            OutcomeUnknownError: No answer came, or nobody waited for it; says that it
                may have been done.
        """
        from rotator.reconcile.by_hand import Deed

        deed = Deed(
            action=action,
            account=self.account,
            operator=self.operator,
            reason=self.reason,
            evidence=evidence,
        )
        try:
            with self.app.by_hand(deed) as told:
                yield told
        except OutcomeUnknownError as error:
            why = f"{error}; it may have been done all the same"
            subject, code = error.subject, error.code
            raise OutcomeUnknownError(why, subject=subject, code=code, hint=look) from error
        except KeyboardInterrupt:
            why = "interrupted; it may have been done all the same"
            raise OutcomeUnknownError(why, code="interrupted", hint=look) from None
