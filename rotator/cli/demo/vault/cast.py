"""The access keys and clients of the workspace: what is special about each, and its end."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.character import WORKSPACE, Character, Ends
from rotator.core.reasons import Reason
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.roles import Role


@dataclass(frozen=True, slots=True)
class VaultKey(Character):
    """A line of access keys or of clients, of which each follows the one before.

    Attributes:
        secret: The secret that publishes it; empty if none does.
        role: An access key's.
        keysets: What a client is granted on the first day, by name; it is bound to the first.
    """

    _: KW_ONLY
    account: str = WORKSPACE
    provider: str = ACCESS_KEYS
    secret: str = ""
    role: Role = "member"
    keysets: tuple[str, ...] = ("default",)
    is_device: bool = False

    @property
    def is_client(self) -> bool:
        """Whether it is a client; else it is an access key."""
        return self.provider == CLIENT_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A workload that encrypts and decrypts every day.

    Attributes:
        secrets: What it reads; together they hold its bundle.
        keysets: Those that it works with, by name; empty is its client's own.
        caches_days: How long it keeps what it has read.
    """

    name: str
    secrets: tuple[str, ...]
    keysets: tuple[str, ...] = ("",)
    caches_days: int = 1


OWN_SECRET: Final = "cipherstash/rotator"  # noqa: S105 - a secret's name
_BUNDLE: Final = "cipherstash/orders"
_BATCH: Final = "cipherstash/keys/batch"
_REPORTS: Final = "cipherstash/reports"

TENANT: Final = "tenant-acme"
LATE_TENANT: Final = "tenant-globex"
"""The customers with a keyset of their own: one of the first day, one who comes in a grace."""

ORDERS: Final = VaultKey(
    "orders",
    85,
    Ends.ROTATED,
    "a client beside its access key, with a tenant; another tenant comes meanwhile",
    provider=CLIENT_KEYS,
    secret=_BUNDLE,
    keysets=("default", TENANT),
)
VAULT: Final = (
    VaultKey(
        "rotator", 80, Ends.ROTATED, "rotator's own, of all the last", secret=OWN_SECRET,
        role="admin",
    ),
    VaultKey("orders", 85, Ends.ROTATED, "an access key beside its client", secret=_BUNDLE),
    ORDERS,
    VaultKey("batch", 85, Ends.ROTATED, "an access key of its own", secret=_BATCH),
    VaultKey(
        "reports", 85, Ends.HELD, "nobody accepts that its uses are not told",
        provider=CLIENT_KEYS, secret=_REPORTS, hold=Reason.USE_UNKNOWN,
    ),
    VaultKey(
        "search", 85, Ends.REPORTED, "no rule selects it; it has a secret",
        provider=CLIENT_KEYS, secret="cipherstash/search",  # noqa: S106 - a secret's name
    ),
    VaultKey(
        "lena", 30, Ends.REPORTED, "a developer's device", provider=CLIENT_KEYS, is_device=True
    ),
)  # fmt: skip
"""The access keys and clients, in the order in which they are shown."""

APPLICATIONS: Final = (
    Application(name="orders", secrets=(_BUNDLE,), keysets=("", TENANT), caches_days=3),
    Application(name="reports", secrets=(_BATCH, _REPORTS)),
)
