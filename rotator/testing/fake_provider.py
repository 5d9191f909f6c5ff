"""A fake key system with the semantics of AWS IAM: small, stateful and honest.

`FakeProvider` can what AWS IAM can without CloudTrail; the other classes have one
capability more or less, so that `isinstance` answers as it does for a real adapter.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from rotator.core.facts import KeyInfo, KeyListing, LastUsed, Minter, Principal
from rotator.core.ids import AccountId, Instant, KeyId, RotationId
from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.core.survey import Survey, Surveyed
from rotator.core.terms import Traits
from rotator.errors import NotFoundError, QuotaExceededError
from rotator.ports.provider import CanDisable, CanKeepGrants, CanReportUse, CanTellMinter, Verdict
from rotator.testing.fake_keys import FakeKey, Habits
from rotator.testing.wire import Act, Actor, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.ports.clock import Clock

SECRET_MARK = "pl41nt3xt"  # noqa: S105 - the mark that a test looks for, not a secret
"""Every secret that a fake makes contains this."""

ACCOUNT = AccountId("111122223333")
LISTING_MARGIN = timedelta(minutes=1)
SURVEY_KEPT_FOR = timedelta(hours=4)


class BareFakeProvider:
    """A provider without any optional capability, and the truth about it.

    Attributes:
        keys: Every key, also those that are gone.
        former: Keys that are gone and whose id another one has now.
    """

    def __init__(
        self, clock: Clock, *, habits: Habits | None = None, wire: Wire | None = None
    ) -> None:
        """Start without principals.

        Args:
            clock: The true time.
            habits: How slow and coarse it is; may be replaced at any time.
            wire: A wire that several fakes share; its own one if None.
        """
        self.wire = wire or Wire(clock=clock)
        self.habits = habits or Habits()
        self.keys: dict[KeyId, FakeKey] = {}
        self.former: list[FakeKey] = []
        self.people: set[str] = set()
        self._principals: dict[tuple[AccountId, str], Principal] = {}
        self._tags: dict[tuple[str, KeyId], RotationId] = {}
        self.root_keys: dict[AccountId, int] = {}
        self._named_tags: dict[str, dict[str, str]] = {}
        self._surveys: dict[AccountId, Survey] = {}
        self._numbers = count(1)

    @property
    def traits(self) -> Traits:
        """Return traits that fit the habits and the capabilities."""
        return Traits(
            max_keys=self.habits.max_keys,
            can_disable=isinstance(self, CanDisable),
            can_report_use=isinstance(self, CanReportUse),
            can_tell_minter=isinstance(self, CanTellMinter),
            marks_keys=self.habits.marks_keys,
            has_grants=isinstance(self, CanKeepGrants),
            keys_expire=self.habits.keys_expire,
            signature_window=self.habits.signature_window,
            list_lag=max(self.habits.list_lag, LISTING_MARGIN),
            use_quantum=self.habits.use_quantum,
        )

    def principals(self, account: AccountId) -> Iterator[Principal]:
        """Yield the account's principals."""
        found = self.wire.read("principals", lambda _: tuple(self._principals.values()))
        yield from (item for item in found if item.account == account)

    def list_keys(self, principal: Principal) -> KeyListing:
        """List the keys as they were `list_lag` ago."""
        return self.wire.read("list_keys", lambda at: self._listing(principal, at))

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Mint a key; every call that takes effect makes another one."""
        return self.wire.write(
            "create_key",
            lambda at: self._mint(principal, Actor.ROTATOR, rotation, at),
            not_after=not_after,
        )

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Delete a key; nothing happens when it is gone."""
        self.wire.write(
            "delete_key",
            lambda at: self._delete(principal, key, Actor.ROTATOR, at),
            not_after=not_after,
        )

    def verify(self, principal: Principal, material: KeyMaterial) -> Verdict:
        """Try a key, which is a use of it."""
        return self.wire.read("verify", lambda at: self._try(principal, material, at))

    # What the vendor does.

    def _resident(self, principal: Principal) -> Principal:
        found = self._principals.get((principal.account, principal.name))
        if found is None:
            raise NotFoundError("no such principal", subject=principal.name)
        return found

    def _of(self, principal: Principal, at: Instant) -> list[FakeKey]:
        uid = self._resident(principal).uid
        known = (*self.former, *self.keys.values())
        mine = (key for key in known if key.owner_uid == uid)
        return [key for key in mine if key.is_kept_at(at, self.habits)]

    def _existing(self, principal: Principal, key: KeyId, at: Instant) -> FakeKey:
        found = next((item for item in self._of(principal, at) if item.key_id == key), None)
        if found is None:
            raise NotFoundError("no such key", subject=key)
        return found

    def _same(self, principal: Principal) -> Principal:
        found = self._resident(principal)
        if found.uid != principal.uid:
            raise NotFoundError(
                "another principal of that name", subject=principal.name, code="principal_replaced"
            )
        return found

    def _listing(self, principal: Principal, at: Instant) -> KeyListing:
        self._same(principal)
        shown_at = Instant(at - self.habits.list_lag)
        offset = self.habits.clock_offset
        return KeyListing(
            keys=tuple(
                KeyInfo(
                    key_id=key.key_id,
                    enabled=key.is_enabled_at(shown_at),
                    created_at=Instant(key.created_at + offset),
                    rotation=key.rotation or self._tags.get((key.owner_uid, key.key_id)),
                    expires_at=key.end_by(offset),
                )
                for key in self._of(principal, shown_at)
            ),
            provider_time=Instant(at + offset),
        )

    def _mint(
        self, principal: Principal, minter: Actor, rotation: RotationId | None, at: Instant
    ) -> MintedKey:
        limit = self.habits.max_keys
        if limit is not None and len(self._of(principal, at)) >= limit:
            raise QuotaExceededError("no free key slot", subject=principal.name)
        number = next(self._numbers)
        key = FakeKey(
            key_id=self._next_id(number, at),
            secret=f"{SECRET_MARK}+{number:08d}/{'x' * 22}",
            owner_uid=self._resident(principal).uid,
            minter=minter,
            created_at=at,
            rotation=rotation if self.habits.marks_keys else None,
            minted_for=rotation,
            expires_at=self.habits.end_of(at, by_hand=minter is Actor.HUMAN),
        )
        if key.key_id in self.keys:
            self.former.append(self.keys.pop(key.key_id))
        self.keys[key.key_id] = key
        self._note(at, minter, "create_key", key.key_id)
        material = KeyMaterial(key_id=key.key_id, secret=Secret(key.secret))
        return MintedKey(material=material, created_at=Instant(at + self.habits.clock_offset))

    def _next_id(self, number: int, at: Instant) -> KeyId:
        fresh = KeyId(f"AKIAFAKE{number:012d}")
        if not self.habits.reuses_ids:
            return fresh
        kept = [it.key_id for it in self.keys.values() if it.is_kept_at(at, self.habits)]
        newest = max(kept, default="")
        return min((it for it in self.keys if it not in kept and it > newest), default=fresh)

    def _delete(self, principal: Principal, key: KeyId, actor: Actor, at: Instant) -> None:
        found = next((item for item in self._of(principal, at) if item.key_id == key), None)
        if found is not None:
            found.deleted_at = at
            self._note(at, actor, "delete_key", key)

    def _switch(
        self, principal: Principal, key: KeyId, actor: Actor, at: Instant, *, on: bool
    ) -> None:
        found = self._existing(principal, key, at)
        if found.is_enabled_at(at) != on:
            found.switches.append((at, on))
            self._note(at, actor, "enable_key" if on else "disable_key", key)

    def _try(self, principal: Principal, material: KeyMaterial, at: Instant) -> Verdict:
        if not self._let_in(material, "sts", at):
            return Verdict.NOT_YET
        if self.keys[material.key_id].owner_uid != principal.uid:
            return Verdict.WRONG_PRINCIPAL
        return Verdict.ACCEPTED

    def _let_in(self, material: KeyMaterial, service: str, at: Instant) -> bool:
        key = self.keys.get(material.key_id)
        if key is None or key.secret != material.secret.reveal():
            return False
        if not key.is_accepted_at(at, self.habits):
            return False
        key.record_use(at, service, self.habits.use_quantum)
        return True

    def _note(self, at: Instant, actor: Actor, verb: str, key: KeyId) -> None:
        self.wire.acts.append(Act(at=at, actor=actor, verb=verb, key=key))

    # What people and consumers do; no fault is between them and the vendor.

    def add_principal(
        self, name: str, account: AccountId = ACCOUNT, *, path: str = "/"
    ) -> Principal:
        """Make a principal, or make it again with another uid and without its keys."""
        uid = f"UID{next(self._numbers):06d}"
        made = Principal(provider=self.habits.name, account=account, name=name, uid=uid, path=path)
        self._principals[account, name] = made
        return made

    def mint_by_hand(self, principal: Principal) -> KeyMaterial:
        """Mint a key as a human does in a console."""
        return self._mint(principal, Actor.HUMAN, None, self.wire.land()).material

    def delete_by_hand(self, principal: Principal, key: KeyId) -> None:
        """Delete a key as a human does in a console."""
        self._delete(principal, key, Actor.HUMAN, self.wire.land())

    def switch_by_hand(self, principal: Principal, key: KeyId, *, on: bool) -> None:
        """Switch a key on or off as a human does in a console."""
        self._switch(principal, key, Actor.HUMAN, self.wire.land(), on=on)

    def tag_by_hand(self, principal: Principal, name: str, value: str) -> None:
        """Tag a principal as a human does in a console."""
        self._named_tags.setdefault(self._resident(principal).uid, {})[name] = value

    def use(self, material: KeyMaterial, service: str = "s3") -> bool:
        """Make one ordinary call as a consumer; say whether it was accepted."""
        return self._let_in(material, service, self.wire.land())


class Disabling(BareFakeProvider):
    """The capability `CanDisable`."""

    def disable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Switch a key off."""
        self.wire.write(
            "disable_key",
            lambda at: self._switch(principal, key, Actor.ROTATOR, at, on=False),
            not_after=not_after,
        )

    def enable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Switch a key on."""
        self.wire.write(
            "enable_key",
            lambda at: self._switch(principal, key, Actor.ROTATOR, at, on=True),
            not_after=not_after,
        )


class ReportingUse(BareFakeProvider):
    """The capability `CanReportUse`."""

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        """Tell the last recorded use that is old enough to be reported."""
        return self.wire.read(
            "last_used", lambda at: self._existing(principal, key, at).last_use_at(at, self.habits)
        )


class Marking(BareFakeProvider):
    """The capability `CanMark`: like IAM's, marks are tags of the principal.

    They outlive the keys that they speak of.
    """

    def mark_key(self, principal: Principal, key: KeyId, rotation: RotationId) -> None:
        """Tag the principal with the key's rotation."""

        def tag(_: Instant) -> None:
            self._tags[self._resident(principal).uid, key] = rotation

        self.wire.write("mark_key", tag, not_after=None)

    def marks(self, principal: Principal) -> dict[KeyId, RotationId]:
        """Read the principal's tags."""

        def read(_: Instant) -> dict[KeyId, RotationId]:
            uid = self._resident(principal).uid
            return {key: mark for (owner, key), mark in self._tags.items() if owner == uid}

        return self.wire.read("marks", read)


class Trailing(BareFakeProvider):
    """The capability `CanTellMinter`: a log of mints that is late."""

    def minted_by(
        self,
        principal: Principal,
        key: KeyId,
        rotation: RotationId,
        *,
        since: Instant,
        until: Instant,
    ) -> Minter:
        """Tell who minted a key inside a span of the vendor's time, once the log shows it."""

        def read(at: Instant) -> Minter:
            found = self.keys.get(key)
            if found is None or found.owner_uid != self._resident(principal).uid:
                return Minter.UNKNOWN
            return found.minter_at(at, self.habits, rotation, (since, until))

        return self.wire.read("minted_by", read)


class KnowingPeople(BareFakeProvider):
    """The capability `CanTellPeople`."""

    def is_person(self, principal: Principal) -> bool:
        """Whether somebody gave the principal a console password."""
        return self.wire.read("is_person", lambda _: self._resident(principal).uid in self.people)


class ReadingTags(BareFakeProvider):
    """The capability `CanReadTags`."""

    def tags(self, principal: Principal) -> dict[str, str]:
        """Read what humans wrote on the principal."""
        return self.wire.read(
            "tags", lambda _: dict(self._named_tags.get(self._same(principal).uid, {}))
        )


class Surveying(BareFakeProvider):
    """The capability `CanSurvey`: like IAM's report, a survey is kept for four hours."""

    def survey(self, account: AccountId) -> Survey:
        """Return the survey that is kept, or make another one."""
        return self.wire.read("survey", lambda at: self._survey(account, at))

    def _survey(self, account: AccountId, at: Instant) -> Survey:
        kept = self._surveys.get(account)
        now = Instant(at + self.habits.clock_offset)
        if kept is None or now - kept.taken_at >= SURVEY_KEPT_FOR:
            residents = [item for item in self._principals.values() if item.account == account]
            kept = Survey(
                taken_at=now,
                principals={item.name: self._look(item, at) for item in residents},
                root_keys=self.root_keys.get(account, 0),
            )
            self._surveys[account] = kept
        return kept

    def _look(self, principal: Principal, at: Instant) -> Surveyed:
        births = [key.created_at for key in self._of(principal, at)]
        oldest = Instant(min(births) + self.habits.clock_offset) if births else None
        has_password = principal.uid in self.people
        return Surveyed(has_password=has_password, keys=len(births), oldest_at=oldest)


class FakeProvider(Disabling, ReportingUse, Marking, KnowingPeople, ReadingTags, Surveying):
    """A provider that can what AWS IAM can."""


class FakeProviderWithTrail(FakeProvider, Trailing):
    """A provider whose log of mints may be read, too, as AWS CloudTrail."""


class FakeProviderWithoutDisable(ReportingUse, Marking, KnowingPeople):
    """A provider whose keys can only be deleted."""


class FakeProviderWithoutUse(Disabling, Marking, KnowingPeople):
    """A provider that does not tell last uses."""


class FakeProviderWithoutMarks(Disabling, ReportingUse, KnowingPeople):
    """A provider whose keys cannot be marked."""
