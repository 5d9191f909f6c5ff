"""The checker: reads the simulated provider and destination, and judges every change.

It knows the promises of docs/safety.md and the periods that were configured, and
nothing else of the product. Instants are the simulator's own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.process.campaign.ledger import CURRENT, PENDING, PREVIOUS, Json, Key, Ledger, instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.process.campaign.wire import Caller

CHANGES = frozenset(
    {
        "CreateAccessKey",
        "UpdateAccessKey",
        "DeleteAccessKey",
        "PutSecretValue",
        "UpdateSecretVersionStage",
    }
)
TOLERANCE = timedelta(milliseconds=250)
"""How much shorter than promised a period may seem: the daemon's clock is the
machine's, the simulator's is another one that was started from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was configured, in seconds.

    Attributes:
        reach: How long before its effect a decision to disable may have been made:
            the lease, the signature window, and a second for coarseness.
    """

    account: str
    admin: str
    human: str
    users: tuple[str, ...]
    grace_min: float
    unused_for: float
    quarantine: float
    propagation: float
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A promise that was broken."""

    at: str
    invariant: str
    key: str
    user: str
    text: str
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class Checker:
    """Follows one account."""

    promise: Promise
    source: Caller
    seen: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _ledger: Ledger = field(init=False)
    _reads: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin at a moment when nothing runs."""
        self.seen = len(self.source.ask("calls"))
        state = self.source.ask(f"state?account={self.promise.account}")
        self._ledger = Ledger(state["accounts"][self.promise.account], state["now"])

    def follow(self) -> None:
        """Judge what happened since the last time."""
        calls = self.source.ask(f"calls?start={self.seen}")
        self.seen += len(calls)
        for call in calls:
            self._judge(call)

    def unsettled(self) -> list[Violation]:
        """Name what is not as it must be when everything has come to rest (I3, I10)."""
        state = self.source.ask(f"state?account={self.promise.account}")
        # Afterwards, so that the log knows every key of the state.
        self.follow()
        account = state["accounts"][self.promise.account]
        found: list[Violation] = []
        for user in self.promise.users:
            found += [
                self._violation(state["now"], "I3", "", user, text)
                for text in self._leftovers(user, account["users"][user])
            ]
        return found

    def compare(self) -> None:
        """See that the replay came to the same as the simulator; else the checker is wrong."""
        self.follow()
        state = self.source.ask(f"state?account={self.promise.account}")
        account = state["accounts"][self.promise.account]
        self.follow()
        for user in self.promise.users:
            told = {key["access_key_id"]: key["status"] for key in account["users"][user]["keys"]}
            own = {
                key.key_id: key.status
                for key in self._ledger.keys.values()
                if key.user == user and key.status != "Deleted"
            }
            if told != own:
                self._tell(state["now"], "checker", "", user, f"replayed {own}, found {told}")
        for found in account["secrets"]:
            labels = {label: v for v, told in found["versions"].items() for label in told["labels"]}
            own = self._ledger.secrets[found["name"]].labels
            if labels != own:
                self._tell(state["now"], "checker", "", found["name"], f"{own} is not {labels}")

    def _judge(self, call: Json) -> None:
        operation = call["operation"]
        if operation in CHANGES:
            self._change(call)
        elif operation == "GetCallerIdentity":
            self._use(call)
        elif operation == "GetSecretValue" and call["is_effective"]:
            user = call["user_agent"].removeprefix("consumer/")
            if user in self.promise.users:
                self._reads[user] = instant(call["at"]), self._ledger.current(user)

    def _change(self, call: Json) -> None:
        if call["error"] in {"SignatureDoesNotMatch", "InvalidSignatureException"}:
            self.counts["stale requests refused"] += 1
        self._ledger.note(call)
        if not call["is_effective"]:
            return
        if self._ledger.is_new_version(call):
            state = self.source.ask(f"state?account={self.promise.account}")
            self._ledger.learn(state["accounts"][self.promise.account])
        is_ours = call["caller"] == self.promise.admin
        if is_ours:
            self._before(call)
        promoted = self._ledger.current(_user(call))
        self._ledger.take(call, "daemon" if is_ours else "person")
        if is_ours:
            self.counts[call["operation"]] += 1
            if call["secret"] and self._ledger.current(_user(call)) != promoted:
                self._promoted(call)

    def _before(self, call: Json) -> None:
        is_end = call["operation"] == "DeleteAccessKey"
        is_off = call["operation"] == "UpdateAccessKey" and call["parameters"]["Status"] != "Active"
        key = self._ledger.keys.get(call["access_key_id"])
        if key is None or not (is_end or is_off):
            return
        for invariant, text in self._objections(key, instant(call["at"]), is_end=is_end):
            self._tell(call["at"], invariant, key.key_id, key.user, text)
        if is_end and key.was_published:
            self.counts["rotations completed"] += 1
        elif is_end:
            self.counts["orphans and discards deleted"] += 1

    def _objections(self, key: Key, at: datetime, *, is_end: bool) -> Iterator[tuple[str, str]]:
        what = "deleted" if is_end else "disabled"
        if key.key_id == self._ledger.current(key.user):
            yield "I1", f"the published key was {what}"
        if key.user not in self.promise.users:
            yield "I2", f"a bystander's key was {what}"
        if key.maker == "person":
            if key.uses:
                yield "I2", f"a person's key was {what} after it was used"
            else:
                self.notes.append(f"{at}: {key.key_id} of {key.user}, never used, was {what}")
        if key.superseded is not None:
            yield from self._grace(key, key.superseded, at, is_end=is_end)

    def _grace(
        self, key: Key, superseded: datetime, at: datetime, *, is_end: bool
    ) -> Iterator[tuple[str, str]]:
        promise, age = self.promise, at - superseded + TOLERANCE
        if is_end:
            yield from self._quarantine(key, at)
            return
        if age < timedelta(seconds=promise.grace_min):
            yield "I4", f"disabled {at - superseded} after it was replaced"
        if key.status == "Active" and not self._was_quiet(key, at):
            yield "I4", f"disabled while in use, last at {key.uses[-1]}"

    def _quarantine(self, key: Key, at: datetime) -> Iterator[tuple[str, str]]:
        rest = timedelta(seconds=self.promise.quarantine)
        if key.status != "Inactive" or key.disabled is None:
            yield "I4", "a key that had been published was deleted while enabled"
        elif at - key.disabled + TOLERANCE < rest:
            yield "I4", f"deleted {at - key.disabled} after it was disabled"
        secret = self._ledger.secret_of(key.user)
        if secret and secret.key_at(PREVIOUS) == key.key_id:
            yield "I4", "deleted while the previous label was on it"

    def _was_quiet(self, key: Key, at: datetime) -> bool:
        """Whether it was silent for long enough, just before this could be decided."""
        edge = at - timedelta(seconds=self.promise.reach)
        points = [*key.uses, at]
        if not key.uses:
            return True
        silence = timedelta(seconds=self.promise.unused_for) - TOLERANCE
        return any(end > edge and end - start >= silence for start, end in pairwise(points))

    def _promoted(self, call: Json) -> None:
        user = _user(call)
        key = self._ledger.keys.get(self._ledger.current(user))
        self.counts["promotions"] += 1
        accepted_by = timedelta(seconds=self.promise.propagation)
        if key is None or key.user != user or key.status != "Active":
            text = f"what was published is {key and key.status} of {key and key.user}"
            self._tell(call["at"], "I1", self._ledger.current(user), user, text)
        elif instant(call["at"]) < key.born + accepted_by:
            self._tell(call["at"], "I1", key.key_id, user, "published before it was accepted")

    def _use(self, call: Json) -> None:
        agent, _, user = call["user_agent"].partition("/")
        key = self._ledger.keys.get(call["caller"])
        if key is None or agent not in {"consumer", "people"}:
            return
        if call["is_effective"]:
            key.uses.append(instant(call["at"]))
            self.counts[f"{agent} calls"] += 1
        elif agent == "consumer" and call["error"] == "InvalidClientTokenId":
            self._refusal(call, key, user)

    def _refusal(self, call: Json, key: Key, user: str) -> None:
        """Refusing a key that was published within the shortest grace breaks the promise.

        Whether one that was still used could go before is judged where it was disabled.
        """
        read_at, told = self._reads.get(user, (key.born, ""))
        is_fresh = instant(call["at"]) - read_at <= timedelta(seconds=self.promise.grace_min)
        self._ledger.note(call)
        if told == key.key_id and is_fresh:
            text = f"a consumer that read it at {read_at} was refused"
            self._tell(call["at"], "I1", key.key_id, user, text)
        else:
            self.counts["refusals of consumers that did not keep their promise"] += 1

    def _leftovers(self, user: str, found: Json) -> Iterator[str]:
        secret = self._ledger.secret_of(user)
        current = self._ledger.current(user)
        statuses = {
            key["access_key_id"]: key["status"]
            for key in found["keys"]
            if self._ledger.keys[key["access_key_id"]].maker != "person"
        }
        if statuses != {current: "Active"}:
            yield f"{current} is published, and there are {statuses}"
        if secret and PENDING in secret.labels:
            yield f"version {secret.labels[PENDING]} is pending"
        if secret and CURRENT not in secret.labels:
            yield "nothing is current"

    def _tell(self, at: str, invariant: str, key: str, user: str, text: str) -> None:
        self.violations.append(self._violation(at, invariant, key, user, text))

    def _violation(self, at: str, invariant: str, key: str, user: str, text: str) -> Violation:
        lines = tuple(self._ledger.lines[user])
        return Violation(at=at, invariant=invariant, key=key, user=user, text=text, lines=lines)


def _user(call: Json) -> str:
    return str(call["user_name"] or call["secret"].removeprefix("iam/"))
