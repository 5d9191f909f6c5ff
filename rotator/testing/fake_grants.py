"""A fake key system whose keys are each granted things of their own, as ZeroKMS's are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.errors import NotFoundError
from rotator.testing.fake_provider import BareFakeProvider, Disabling, KnowingPeople
from rotator.testing.wire import Actor

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.ids import AccountId, Instant, KeyId, RotationId
    from rotator.core.secret import KeyMaterial, MintedKey
    from rotator.ports.clock import Clock
    from rotator.testing.fake_keys import Habits
    from rotator.testing.wire import Wire

BOUND = "default"
TENANT = "tenant-a"


class Granting(BareFakeProvider):
    """The capability `CanKeepGrants`.

    A minted key has what it is bound to; people grant theirs a tenant as well, and
    consumers need both. A key that is switched off shows no grant.

    Attributes:
        things: Everything that can be granted.
        granted: What each key is granted, while it is on.
        needed: What consumers open; a tenant from when people's keys have one.
        promised: What people have granted keys and nobody has taken since, by the
            principal's uid.
        taken: What people have taken; consumers need it no more.
    """

    def __init__(
        self, clock: Clock, *, habits: Habits | None = None, wire: Wire | None = None
    ) -> None:
        """Start without principals; see `BareFakeProvider`."""
        super().__init__(clock, habits=habits, wire=wire)
        self.things = {BOUND, TENANT}
        self.granted: dict[KeyId, set[str]] = {}
        self.needed = {BOUND}
        self.promised: dict[str, set[str]] = {}
        self.taken: set[str] = set()

    def grants(self, principal: Principal, key: KeyId) -> frozenset[str]:
        """Read what a key is granted."""
        return self.wire.read("grants", lambda at: self._shown(principal, key, at))

    def grant(
        self, principal: Principal, key: KeyId, grants: frozenset[str], *, not_after: Instant
    ) -> None:
        """Grant a key some more."""
        self.wire.write(
            "grant",
            lambda at: self._grant(principal, key, grants, Actor.ROTATOR, at),
            not_after=not_after,
        )

    def _shown(self, principal: Principal, key: KeyId, at: Instant) -> frozenset[str]:
        found = self._existing(principal, key, at)
        return frozenset(self.granted[key] if found.is_enabled_at(at) else ())

    def _grant(
        self, principal: Principal, key: KeyId, grants: frozenset[str], actor: Actor, at: Instant
    ) -> None:
        self._existing(principal, key, at)
        unknown = grants - self.things
        if unknown:
            raise NotFoundError("nothing of this id can be granted", subject=min(unknown))
        if grants - self.granted[key]:
            self.granted[key] |= grants
            self._note(at, actor, "grant", key)

    def _mint(
        self, principal: Principal, minter: Actor, rotation: RotationId | None, at: Instant
    ) -> MintedKey:
        made = super()._mint(principal, minter, rotation, at)
        if minter is Actor.HUMAN:
            self.needed |= {TENANT} - self.taken
        self.granted[made.material.key_id] = set(self.needed if minter is Actor.HUMAN else {BOUND})
        return made

    # What people and consumers do.

    def grant_by_hand(self, principal: Principal, key: KeyId, thing: str) -> None:
        """Grant a key something, as a human does in a console."""
        self.things.add(thing)
        self.promised.setdefault(principal.uid, set()).add(thing)
        self._grant(principal, key, frozenset({thing}), Actor.HUMAN, self.wire.land())

    def take_by_hand(self, key: KeyId, thing: str) -> None:
        """Take a grant from a key, as a human does in a console."""
        self.wire.land()
        self.granted[key].discard(thing)
        self.promised.get(self.keys[key].owner_uid, set()).discard(thing)
        self.needed.discard(thing)
        self.taken.add(thing)

    def use(self, material: KeyMaterial, service: str = "s3") -> bool:
        """Open everything that consumers need, as one of them; say whether that worked."""
        is_let_in = super().use(material, service)
        return is_let_in and self.needed <= self.granted[material.key_id]


class KnowingOwn(BareFakeProvider):
    """The capability `CanTellOwn`.

    Attributes:
        own: The key by which the daemon is admitted to an account.
    """

    def __init__(
        self, clock: Clock, *, habits: Habits | None = None, wire: Wire | None = None
    ) -> None:
        """Admit nobody by a key of theirs; see `BareFakeProvider`."""
        super().__init__(clock, habits=habits, wire=wire)
        self.own: dict[AccountId, KeyId] = {}

    def own_key(self, account: AccountId) -> KeyId | None:
        """Name the key by which the daemon is admitted."""
        return self.own.get(account)


class FakeProviderWithGrants(Disabling, Granting, KnowingPeople, KnowingOwn):
    """A provider that can what ZeroKMS can: it tells no last use."""
