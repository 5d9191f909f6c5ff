"""The first day: every account is in plan mode, nothing is touched, and a person confirms it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rotator.cli.account_rows import forecast
from rotator.cli.demo.character import ACCOUNTS
from rotator.core.ids import AccountId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.demo.stage import Play
    from rotator.simulators.aws.process import SimulatedAws

PERSON: Final = "dana"
"""Who confirms the accounts."""

_READING: Final = ("Get", "List", "Describe", "BatchGet", "Generate", "Simulate", "AssumeRole")
"""How the names of operations begin that change nothing."""


def describe(play: Play) -> str:
    """Count what `rotator adopt --plan` says of everybody."""
    counts = Counter(row.verdict.value for row in play.adoption)
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    return f"plan mode; adopt --plan: {told}"


def confirm(play: Play) -> Iterator[str]:
    """Confirm every account after a look at what that begins, and say so in a line each."""
    for name, title in ACCOUNTS.items():
        account = AccountId(name)
        seen = forecast(play.app.plan(account), play.clock.now())
        play.app.confirm_account(account, operator=PERSON, reason="the plan is as expected")
        yield (
            f"accounts confirm {title}: {len(seen.now)} keys are due now, "
            f"{len(seen.soon)} within 30 days, {len(seen.held)} held"
        )


def touched(aws: SimulatedAws, *, start: int) -> tuple[str, ...]:
    """Name the calls that changed something.

    Args:
        aws: Whose log is read.
        start: How many of the first calls are left out, for they set the stage.
    """
    return tuple(
        f"{call.operation} in plan mode"
        for call in aws.calls(start=start)
        if not call.operation.startswith(_READING)
    )
