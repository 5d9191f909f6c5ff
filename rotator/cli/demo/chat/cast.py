"""The access keys of the Stage5 workspace: what is special about each, and its end."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.character import CHAT, STAGE5_KEYS, Character, Ends

if TYPE_CHECKING:
    from rotator.simulators.stage5.scopes import Scope


@dataclass(frozen=True, slots=True)
class ChatKey(Character):
    """A line of access keys, of which each follows the one before.

    Attributes:
        secret: The secret that publishes it; empty if none does.
        ends_on_day: When Stage5 itself ends the key of the first day; None for never.
    """

    _: KW_ONLY
    account: str = CHAT
    provider: str = STAGE5_KEYS
    secret: str = ""
    scopes: tuple[Scope, ...] = ("projects:read", "messages:write")
    ends_on_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A workload that passes a customer's message to an assistant every day.

    Attributes:
        secret: What it reads its key from.
        project: Whose assistant it talks to, by name.
        caches_days: How long it keeps what it has read.
    """

    secret: str
    project: str
    caches_days: int = 1


_OWN: Final = "stage5/rotator"
_HELPDESK: Final = "stage5/helpdesk"
_WEBSITE: Final = "stage5/website"

STAGE5: Final = (
    ChatKey(
        "rotator", 80, Ends.ROTATED, "rotator's own, of all the last", secret=_OWN,
        scopes=("access_keys:read", "access_keys:write"),
    ),
    ChatKey(
        "helpdesk", 85, Ends.ROTATED, "an old key; the answer to its first mint is lost",
        secret=_HELPDESK,
    ),
    ChatKey(
        "website", 10, Ends.ROTATED, "a young key, which Stage5 itself ends on day 20",
        secret=_WEBSITE, ends_on_day=20,
    ),
    ChatKey("trial", 40, Ends.REPORTED, "no rule, no secret"),
)  # fmt: skip
"""The access keys, in the order in which they are shown."""

INTEGRATIONS: Final = (
    Integration(secret=_HELPDESK, project="support", caches_days=2),
    Integration(secret=_WEBSITE, project="sales"),
)
