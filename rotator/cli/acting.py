"""Doing something at a vendor by hand: in the audit log before it is sent, and after."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.stopping import interrupted_by
from rotator.core.events import FINGERPRINT
from rotator.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.invocation import App
    from rotator.core.events import AuditAction, Scalar
    from rotator.core.ids import AccountId
    from rotator.core.secret import Secret

INTERRUPTED: Final = "interrupted"
"""The code of what somebody interrupted: nothing further is begun."""
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """An operator's hand in one account.

    Attributes:
        account: The id of the account or workspace.
        reason: Why, in the operator's words; may be empty.
    """

    app: App
    account: AccountId
    operator: str
    reason: str

    def recognise(self, told: dict[str, Scalar], secret: Secret) -> None:
        """Let the record of a making tell by what the new secret is recognised later."""
        found = self.app.fingerprint(secret)
        if found is not None:
            told[FINGERPRINT] = found

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
            # A terminal that is closed, or a machine that goes down, leaves a record, too.
            with interrupted_by(_ENDING), self.app.by_hand(deed) as told:
                yield told
        except OutcomeUnknownError as error:
            why = f"{error}; it may have been done all the same"
            subject, code = error.subject, error.code
            raise OutcomeUnknownError(why, subject=subject, code=code, hint=look) from error
        except KeyboardInterrupt:
            why = "interrupted; it may have been done all the same"
            raise OutcomeUnknownError(why, code=INTERRUPTED, hint=look) from None
