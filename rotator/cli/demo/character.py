"""Who takes part, what is to be expected of each, and how a user's key is published."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from rotator.core.forms import AWS_IAM
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.reasons import Reason

PROD: Final = "111122223333"
DATA: Final = "444455556666"
ACCOUNTS: Final = {PROD: "prod", DATA: "data"}
"""The accounts and what people call them; the daemon lives in the first one."""

WORKSPACE: Final = "ZVATKW3VHMFG27DY"
"""The CipherStash workspace."""

CHAT: Final = "stage5-acme"
CHAT_WORKSPACE: Final = "ws_acme"
STAGE5_KEYS: Final = "stage5-access-key"
"""The Stage5 workspace as rotator names it and as Stage5 does, and the name of its spec."""

PLACES: Final = {**ACCOUNTS, WORKSPACE: "vault", CHAT: "chat"}
"""Every account and workspace, and what people call it."""

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_NO_TAGS: Final[Mapping[str, str]] = MappingProxyType({})

Status = Literal["Active", "Inactive"]

_KINDS: Final = {ACCESS_KEYS: " key", CLIENT_KEYS: " client", STAGE5_KEYS: " key"}

CLINGS: Final = None
"""How long a consumer keeps its secret that was given its key once and never asks again."""


class Ends(StrEnum):
    """What a person should see of a user on the last day."""

    ROTATED = "rotated"
    DUE = "due"
    YOUNG = "young"
    HELD = "held"
    REPORTED = "reported"
    LEFT = "left alone"


class Form(StrEnum):
    """What a secret's value is written as."""

    FIELDS = "fields"
    ENV = "env"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where and how a key is published.

    Attributes:
        name: The secret's name; ``{name}`` is the user's.
        others: What stands in it beside the key, and must still stand there at the end.
        of_key: Which of the user's keys is in it, from 0.
        owner: Another installation, by the owner tag; empty for none.
        is_deleted: Whether it is scheduled for deletion.
    """

    name: str = "iam/{name}"
    form: Form = Form.FIELDS
    key_id_field: str = "AccessKeyId"
    secret_field: str = "SecretAccessKey"  # noqa: S105 - a field's name, not a secret
    others: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    of_key: int = 0
    owner: str = ""
    is_rotated_natively: bool = False
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """One principal of the demonstration.

    Attributes:
        age_days: Age of its keys on the first day.
        about: What is special about it, in a few words.
        account: Its account, or its workspace.
        times: How often its key is to be replaced, if it ends rotated.
        hold: Why it waits on the last day; None if it does not.
    """

    name: str
    age_days: int
    ends: Ends
    about: str
    _: KW_ONLY
    account: str = PROD
    provider: str = AWS_IAM
    times: int = 1
    hold: Reason | None = None

    @property
    def id(self) -> tuple[str, str, str]:
        """Return provider, account and name, which together are unique."""
        return self.provider, self.account, self.name

    @property
    def rotations(self) -> int:
        """Return how often its key is to be replaced within the demonstration."""
        return self.times if self.ends is Ends.ROTATED else 0

    @property
    def label(self) -> str:
        """Return how it is shown: with its place, for names repeat, and what it is if no user."""
        return f"{PLACES[self.account]}/{self.name}{_KINDS.get(self.provider, '')}"


@dataclass(frozen=True, slots=True)
class User(Character):
    """A user of AWS.

    Attributes:
        keys: Status of each of its keys.
        shelf: Where its key is published; None if nowhere.
        caches_days: How long its consumer, which calls once a day, keeps a secret
            before it reads it again; `CLINGS` for one that never does.
        used_days_ago: When its key was last used before the first day; then it has no
            consumer that calls every day.
    """

    _: KW_ONLY
    path: str = "/svc/"
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)
    keys: tuple[Status, ...] = ("Active",)
    shelf: Shelf | None = Shelf()
    caches_days: int | None = 1
    used_days_ago: int | None = None
    is_person: bool = False

    @property
    def secret(self) -> str:
        """Return the name of the secret that publishes its key; empty without one."""
        return self.shelf.name.format(name=self.name) if self.shelf else ""

    @property
    def patience(self) -> int | None:
        """Return `caches_days`, or `CLINGS` where the secret is not one that can be read anew."""
        is_readable = self.shelf and self.shelf.form is Form.FIELDS and not self.shelf.is_deleted
        return self.caches_days if is_readable else CLINGS

    @property
    def has_consumer(self) -> bool:
        """Whether a workload calls AWS with its key every day."""
        if self.shelf is None or self.used_days_ago is not None:
            return False
        return self.keys[self.shelf.of_key] == "Active"
