"""Who lives with the keys: consumers that use them, and people who make their own."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.telemetry.clock import monotonic_seconds
from tests.process.campaign.wire import Caller, Key

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 - seeded by whoever hands it over

    from tests.process.campaign.estate import Estate

USE_EVERY = 0.4
QUICK_REFRESH, SLOW_REFRESH = 1.2, 7.0
_REFUSED = frozenset({"InvalidClientTokenId", "AccessDenied", "SignatureDoesNotMatch"})
_USERS_PER_PERSON = 4
_FIRST_USE_SECONDS = 4


@dataclass(slots=True)
class Record:
    """What one consumer met, in its own words.

    Attributes:
        late: Calls that were refused for the age of their signature: our own
            machine was too busy to send them in time.
    """

    accepted: int = 0
    late: int = 0
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)


class Consumer(threading.Thread):
    """Reads its key where it is published every `refresh` seconds, and uses it all the time."""

    def __init__(self, estate: Estate, user: str, refresh: float, over: threading.Event) -> None:
        super().__init__(name=f"consumer-{user}", daemon=True)
        self.record = Record()
        self._estate = estate
        self._user = user
        self._refresh = refresh
        self._over = over
        self._key: Key | None = None

    def run(self) -> None:
        """Work until it is over."""
        caller = Caller(self._estate.aws.url, f"consumer/{self._user}")
        read_at = float("-inf")
        while not self._over.wait(USE_EVERY):
            if monotonic_seconds() - read_at >= self._refresh and self._read(caller):
                read_at = monotonic_seconds()
            self._use(caller)
        caller.close()

    def _read(self, caller: Caller) -> bool:
        answer = caller.secret(f"iam/{self._user}", self._estate.human)
        if not answer.is_ok:
            return False
        content = json.loads(json.loads(answer.body)["SecretString"])
        self._key = Key(content["AccessKeyId"], content["SecretAccessKey"])
        return True

    def _use(self, caller: Caller) -> None:
        if self._key is None:
            return
        answer = caller.query("sts", "GetCallerIdentity", self._key)
        if answer.is_ok:
            self.record.accepted += 1
        elif b"Signature expired" in answer.body:
            self.record.late += 1
        elif answer.code() in _REFUSED:
            self.record.refused.append(self._key.key_id)
        else:
            self.record.unanswered += 1


@dataclass(slots=True)
class _Owned:
    key: Key
    ends: float
    is_hoarded: bool


class People(threading.Thread):
    """Make second keys of their own, use each at once, and delete most of them again.

    A hoarded key is used when it is made, and then only at the very end.
    """

    def __init__(self, estate: Estate, chance: Random, over: threading.Event) -> None:
        super().__init__(name="people", daemon=True)
        self.minted = 0
        self.refused: list[str] = []
        self.wishes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._estate = estate
        self._chance = chance
        self._over = over
        self._caller = Caller(estate.aws.url, "people/1")
        self._owned: dict[str, _Owned] = {}

    def run(self) -> None:
        """Live until it is over, then let every key go but the bystanders'."""
        while not self._over.is_set():
            self._make_wished()
            if len(self._owned) < len(self._estate.users) // _USERS_PER_PERSON:
                self._make(self._chance.choice(self._estate.users))
            self._live()
        for user, owned in list(self._owned.items()):
            self._use(owned.key)
            self._let_go(user, owned)
        for key in self._estate.strangers.values():
            self._use(key)
        self._caller.close()

    def _make_wished(self) -> None:
        """A wish names a user in whose mint window a person is to make a key."""
        try:
            self._make(self.wishes.get(timeout=0.7))
        except queue.Empty:
            return

    def _make(self, user: str) -> None:
        if user in self._owned:
            return
        made = self._caller.query("iam", "CreateAccessKey", self._estate.human, UserName=user)
        if not made.is_ok:
            return
        key = Key(made.text("AccessKeyId"), made.text("SecretAccessKey"))
        self.minted += 1
        is_hoarded = self._chance.random() < 0.2
        lives = self._chance.uniform(4, 15) * (3 if is_hoarded else 1)
        self._owned[user] = _Owned(key, monotonic_seconds() + lives, is_hoarded)
        ends = monotonic_seconds() + _FIRST_USE_SECONDS
        while not self._use(key, is_new=True) and monotonic_seconds() < ends:
            threading.Event().wait(0.2)

    def _live(self) -> None:
        for user, owned in list(self._owned.items()):
            if monotonic_seconds() >= owned.ends:
                self._use(owned.key)
                self._let_go(user, owned)
            elif not owned.is_hoarded and self._chance.random() < 0.3:
                self._use(owned.key)

    def _use(self, key: Key, *, is_new: bool = False) -> bool:
        answer = self._caller.query("sts", "GetCallerIdentity", key)
        if not is_new and answer.code() == "InvalidClientTokenId":
            self.refused.append(key.key_id)
        return answer.is_ok

    def _let_go(self, user: str, owned: _Owned) -> None:
        answer = self._caller.query(
            "iam",
            "DeleteAccessKey",
            self._estate.human,
            UserName=user,
            AccessKeyId=owned.key.key_id,
        )
        if answer.is_ok or answer.code() == "NoSuchEntity":
            del self._owned[user]
