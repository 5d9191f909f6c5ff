"""The first day: all is in plan mode, nothing is touched, and a person confirms it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rotator.cli.account_rows import forecast
from rotator.cli.demo.character import PLACES
from rotator.core.ids import AccountId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.cli.demo.stage import Play
    from rotator.cli.demo.vendors import Vendors

PERSON: Final = "dana"
"""Who confirms the accounts and the workspaces."""

_READING: Final = ("Get", "List", "Describe", "BatchGet", "Generate", "Simulate", "AssumeRole")
_OPENING: Final = ("authorise", "list-", "load-", "generate-", "retrieve-")
_TALKING: Final = ("get-", "list-", "send-message")
_LOOKING: Final = ("get-", "list-")
"""How the names of operations begin that change nothing: at AWS, CipherStash, Stage5, and in the
cluster."""


def describe(play: Play) -> str:
    """Count what `rotator adopt --plan` says of everybody."""
    counts = Counter(row.verdict.value for row in play.adoption)
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    return f"plan mode; adopt --plan: {told}"


def confirm(play: Play) -> Iterator[str]:
    """Look at what confirming each account begins, confirm it, and say so in a line each."""
    for name, title in PLACES.items():
        account = AccountId(name)
        seen = forecast(play.app.plan(account), play.clock.now())
        play.app.confirm_account(account, operator=PERSON, reason="the plan is as expected")
        yield (
            f"accounts confirm {title}: {len(seen.now)} keys are due now, "
            f"{len(seen.soon)} within 30 days, {len(seen.held)} held"
        )


def touched(vendors: Vendors, *, start: int) -> tuple[str, ...]:
    """Name the calls that changed something.

    Args:
        vendors: Whose logs are read.
        start: How many of AWS's first calls are left out, for they set the stage.
    """
    changed = [call.operation for call in vendors.aws.calls(start=start)]
    changed = [name for name in changed if not name.startswith(_READING)]
    opened = [call.operation for call in vendors.stash.calls()]
    changed += [name for name in opened if not name.startswith(_OPENING)]
    talked = [call.operation for call in vendors.stage5.calls()]
    changed += [name for name in talked if not name.startswith(_TALKING)]
    done = [call.operation for call in vendors.kubernetes.calls()]
    changed += [name for name in done if not name.startswith(_LOOKING)]
    return tuple(f"{name} in plan mode" for name in changed)
