"""Keys of any HTTP API, as its spec says: the provider that the machine drives.

Where keys have names that we choose, a lineage of names is a principal, and whose a key
is is exact; where they have none, all keys of an account belong to one principal, which
the spec names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from rotator.core.api_keys import KeyStatus
from rotator.core.facts import KeyInfo, KeyListing, LastUsed, Principal
from rotator.core.lineages import lineage, successor
from rotator.core.secret import KeyMaterial, MintedKey
from rotator.core.terms import Traits
from rotator.errors import (
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    QuotaExceededError,
    RejectedError,
    RotatorError,
    TransientError,
)
from rotator.ports.provider import Verdict
from rotator.providers.http.ending import list_lag
from rotator.providers.http.holes import asks_for
from rotator.providers.http.minting import Wish
from rotator.providers.http.pointing import point
from rotator.providers.http.powers import are_needed, are_told, excess, must_be_known
from rotator.providers.http.templates import Namespace, fill_text
from rotator.providers.http.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rotator.core.ids import AccountId, Instant, KeyId, RotationId
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.provider import KeyProvider
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.listing import KeyRows
    from rotator.providers.http.minting import Made
    from rotator.providers.http.rows import Row
    from rotator.providers.http.spec import Spec

_RENAMED = "the vendor gave the new key another name than it was asked for"
_NAME_IS_TAKEN = frozenset({"bad_request", "vendor_conflict"})


def http_provider(
    spec: Spec, accounts: Iterable[HttpAccount], clock: Clock, chance: Chance
) -> KeyProvider:
    """Return a provider that has the capabilities that a spec has, and no others."""
    powers = [
        (DisablingKeys, spec.disabling is not None),
        (ReportingKeys, "lastUsedAt" in spec.listing.key),
        (OwnKeys, spec.own is not None),
    ]
    kinds = tuple(kind for kind, has_it in powers if has_it) or (HttpKeys,)
    provider = type("HttpKeyProvider", kinds, {})(spec, accounts, clock, chance)
    return cast("KeyProvider", provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Born:
    """What this process knows of a key that it made, and a listing may not tell yet."""

    principal: Principal
    name: str
    made_at: Instant
    old: Mapping[str, object] = field(default_factory=dict)


class HttpKeys:
    """A `KeyProvider`, for all accounts of one spec; see `http_provider`."""

    def __init__(
        self, spec: Spec, accounts: Iterable[HttpAccount], clock: Clock, chance: Chance
    ) -> None:
        """Prepare; sends nothing, and reads no credential yet."""
        self._spec = spec
        self._shops = {one.id: Workshop(spec, one, clock, chance) for one in accounts}
        self._born: dict[KeyId, _Born] = {}
        self._traits = Traits(
            max_keys=spec.max_keys,
            can_disable=spec.disabling is not None,
            can_report_use="lastUsedAt" in spec.listing.key,
            marks_keys=_marks_keys(spec),
            keys_expire="expiresAt" in spec.listing.key,
            signature_window=spec.propagation.request,
            list_lag=list_lag(spec),
            use_quantum=spec.propagation.last_used,
        )

    @property
    def traits(self) -> Traits:
        """Return what the API is like, by its spec."""
        return self._traits

    def principals(self, account: AccountId) -> Iterator[Principal]:
        """Yield the lineages that have a key, each once; or the one principal there is."""
        shop = self._shop(account)
        if self._spec.principal is not None:
            yield self._principal(account, self._only_name(shop))
            return
        bases = (lineage(row.name).base for row in shop.lister.read().rows if row.name)
        for base in dict.fromkeys(bases):
            yield self._principal(account, base)

    def list_keys(self, principal: Principal) -> KeyListing:
        """List a principal's keys; a lineage of which no key is left has none."""
        self._must_be_known(principal)
        listing = self._shop(principal.account).lister.read()
        rows = [row for row in listing.rows if self._is_of(row, principal)]
        infos = tuple(self._info(row, listing) for row in rows)
        return KeyListing(keys=infos, provider_time=listing.provider_time)

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Mint one key that may do what the replaced one may.

        Raises:
            RejectedError: Nobody tells what that is, code ``powers_unknown``; or its
                name would be too long, code ``name_too_long``.
            OutcomeUnknownError: It may have been made; also where its name is taken, for
                no rotation but this one gives it: an earlier request landed.
        """
        self._must_be_known(principal)
        shop = self._shop(principal.account)
        name = ""
        if self._spec.principal is None:
            name = successor(principal.name, rotation, longest=self._spec.longest_name)
        rows = shop.lister.read()
        old = self._old(rows, principal, replaces)
        wish = Wish(
            name=name,
            description=old.text("description") if old else "",
            scopes=old.told.get("scopes") if old else None,
            lifetime=shop.account.lifetime,
            old=old.told if old else {},
        )
        made = self._made(shop, wish, rows.ids, principal, not_after)
        key = made.row.key_id
        shop.ending.begin(key)
        self._born[key] = _Born(
            principal=principal, name=name, made_at=made.created_at, old=wish.old
        )
        material = KeyMaterial(key_id=key, secret=made.secret)
        return MintedKey(material=material, created_at=made.created_at)

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """End a key, with every step of its vendor.

        Raises:
            RejectedError: It is the key by which we are admitted ourselves, code
                ``own_key``; another principal's, code ``another_principals``; or it was
                said to be gone and is listed, code ``revoke_missed``.
        """
        shop, born = self._shop(principal.account), self._born.get(key)
        shop.ending.must_not_be_ours(key)
        rows = shop.lister.read()
        row, is_ours = rows.find(key), self._is_born_to(key, principal)
        if row is not None and not (is_ours or self._is_of(row, principal)):
            msg = "this key is listed, and not as this principal's"
            hint = "if rotator made it and the vendor changed its name, end it there by hand"
            raise RejectedError(msg, subject=key, code="another_principals", hint=hint)
        name, made_at = (born.name, born.made_at) if born else ("", None)
        shop.ending.end(key, rows, name, not_after=not_after, made_at=made_at)

    def verify(self, principal: Principal, material: KeyMaterial) -> Verdict:
        """Try the key as itself, and look whose it is and what it may do.

        Raises:
            RejectedError: The try proves nothing, code ``verify_proves_nothing``; or the
                key may do more than the one it replaces, code ``wrong_powers``.
        """
        shop, key = self._shop(principal.account), material.key_id
        name = self._name_of(shop, key) if shop.trying.asks_for_name else ""
        verdict = shop.trying.verdict(material.secret, key, name)
        if verdict is not Verdict.ACCEPTED:
            return verdict
        if not (self._spec.principal is None or are_told(self._spec.listing.key)):
            return verdict
        rows = shop.lister.read()
        row = rows.find(key)
        if row is None:
            return Verdict.PARTLY
        if not self._is_of(row, principal):
            if self._is_born_to(key, principal):
                raise self._renamed(_RENAMED, key)
            return Verdict.WRONG_PRINCIPAL
        self._must_not_exceed(row, rows, principal)
        return verdict

    def _made(
        self,
        shop: Workshop,
        wish: Wish,
        there: frozenset[str],
        principal: Principal,
        not_after: Instant,
    ) -> Made:
        about = wish.name or principal.name
        try:
            made = shop.minting.make(wish, there=there, not_after=not_after, subject=about)
        except RejectedError as error:
            if not wish.name or error.code not in _NAME_IS_TAKEN:
                raise
            if not shop.lister.read().named(wish.name):
                raise
            msg = "a key of this rotation's name is there already"
            raise OutcomeUnknownError(msg, subject=about, code="name_taken") from error
        if wish.name and made.row.name not in {"", wish.name}:
            raise self._taken_back(shop, made, wish.name, not_after)
        return made

    def _taken_back(
        self, shop: Workshop, made: Made, name: str, not_after: Instant
    ) -> RotatorError:
        """End the key that we just made, and say why; nobody has its secret."""
        key = made.row.key_id
        error = self._renamed(f"{_RENAMED}; it was ended again", name)
        try:
            rows = shop.lister.read()
            shop.ending.end(key, rows, made.row.name, not_after=not_after, made_at=made.created_at)
        except RotatorError:
            msg = f"{_RENAMED}; end the key {key} there by hand, for nobody has its secret"
            error = OutcomeUnknownError(msg, subject=name, code="name_changed")
        return point(error, self._spec.creation.operation.place)

    def _renamed(self, msg: str, subject: str) -> RotatorError:
        hint = "set `names.longest` in the spec to the most characters that it takes"
        error = RejectedError(msg, subject=subject, code="name_changed", hint=hint)
        return point(error, self._spec.creation.operation.place)

    def _old(self, listed: KeyRows, principal: Principal, replaces: KeyId | None) -> Row | None:
        """Find the key that is replaced, and look for room."""
        rows = [row for row in listed.rows if self._is_of(row, principal)]
        if self._spec.max_keys is not None and len(rows) >= self._spec.max_keys:
            msg = f"there are {len(rows)} keys, and {self._spec.max_keys} are allowed"
            raise QuotaExceededError(msg, subject=principal.name)
        row = next((row for row in rows if row.key_id == replaces), None)
        if replaces is not None and are_needed(self._spec):
            must_be_known(self._spec, replaces, row)
        return row

    def _must_not_exceed(self, row: Row, rows: KeyRows, principal: Principal) -> None:
        """Compare what a key of ours may do with what it was to be able to.

        Once the process that made it is gone, any other key of the principal may be the
        one that it replaces.
        """
        keys, born = self._spec.listing.key, self._born.get(row.key_id)
        if born is not None:
            found = [excess(keys, born.old, row)] if born.old else []
        elif lineage(row.name).rotation is not None:
            others = (other for other in rows.rows if self._is_of(other, principal))
            found = [excess(keys, it.told, row) for it in others if it.key_id != row.key_id]
        else:
            return
        if found and all(found):
            hint = "see which scopes and extras the spec's `create` passes on"
            error = RejectedError(found[0], subject=row.key_id, code="wrong_powers", hint=hint)
            raise point(error, self._spec.creation.operation.place)

    def _name_of(self, shop: Workshop, key: KeyId) -> str:
        born = self._born.get(key)
        if born is not None and born.name:
            return born.name
        row = shop.lister.read().find(key)
        return row.name if row else ""

    def _is_born_to(self, key: KeyId, principal: Principal) -> bool:
        born = self._born.get(key)
        return born is not None and born.principal == principal

    def _is_of(self, row: Row, principal: Principal) -> bool:
        return self._spec.principal is not None or lineage(row.name).base == principal.name

    def _info(self, row: Row, listing: KeyRows) -> KeyInfo:
        created_at = row.at("createdAt") if self._spec.is_dated else None
        ends_at = row.at("expiresAt")
        if row.status is KeyStatus.EXPIRED:
            ends_at = min(ends_at or listing.provider_time, listing.provider_time)
        return KeyInfo(
            key_id=row.key_id,
            enabled=row.status is not KeyStatus.INACTIVE,
            created_at=created_at or listing.provider_time,
            rotation=lineage(row.name).rotation if self._traits.marks_keys else None,
            is_dated=self._spec.is_dated,
            expires_at=ends_at,
        )

    def _must_be_known(self, principal: Principal) -> None:
        """Refuse another principal than the only one, or a uid that is no name's."""
        if self._spec.principal is not None:
            only = self._only_name(self._shop(principal.account))
            if principal.name != only:
                msg = f"the keys of this account belong to {only}"
                raise NotFoundError(msg, subject=principal.name)
        if principal.uid != principal.name:
            msg = f"what has this name is {principal.name}, not {principal.uid}"
            raise NotFoundError(msg, subject=principal.name, code="principal_replaced")

    def _only_name(self, shop: Workshop) -> str:
        template = self._spec.principal
        return str(fill_text(template, shop.calls.params)) if template is not None else ""

    def _principal(self, account: AccountId, name: str) -> Principal:
        return Principal(provider=self._spec.name, account=account, name=name, uid=name)

    def _listed(self, principal: Principal, key: KeyId) -> tuple[Workshop, Row]:
        shop = self._shop(principal.account)
        row = shop.lister.read().find(key)
        if row is None or not self._is_of(row, principal):
            msg = "this principal has no such key"
            raise NotFoundError(msg, subject=key)
        return shop, row

    def _shop(self, account: AccountId) -> Workshop:
        known = self._shops.get(account)
        if known is None:
            msg = f"no account of this id is configured for {self._spec.name}"
            hint = "list it under http.providers[].accounts"
            raise RejectedError(msg, subject=account, code="unknown_account", hint=hint)
        return known


class DisablingKeys(HttpKeys):
    """Keys that can be switched off and on again."""

    def disable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Switch a key off; no error when it is off already.

        Raises:
            NotFoundError: There is no such key.
            RejectedError: It is the key by which we are admitted ourselves.
        """
        shop, row = self._listed(principal, key)
        shop.ending.must_not_be_ours(key)
        if self._spec.disabling is not None:
            shop.ending.switch(self._spec.disabling, key, row, is_on=False, not_after=not_after)

    def enable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Switch a key on; no error when it is on already.

        A list that cannot be read is no obstacle, for the key's users fail meanwhile.

        Raises:
            NotFoundError: There is no such key.
        """
        shop, row, enabling = self._shop(principal.account), None, self._spec.enabling
        assert enabling is not None  # noqa: S101 - what can be switched off has the way back
        try:
            _, row = self._listed(principal, key)
        except (TransientError, PermanentError) as error:
            is_told = isinstance(error, NotFoundError)
            if is_told or asks_for(enabling, Namespace.KEY, "name"):
                raise
        shop.ending.switch(enabling, key, row, is_on=True, not_after=not_after)


class ReportingKeys(HttpKeys):
    """Keys of which the vendor tells the last use."""

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        """Tell when a key was last used; null is never, and a missing field is no answer.

        Raises:
            NotFoundError: There is no such key.
            RejectedError: Its row has no place for the last use; code ``use_unclear``.
        """
        _, row = self._listed(principal, key)
        if "lastUsedAt" not in row.told:
            msg = f"{self._spec.name}:list tells neither a last use nor that there was none"
            error = RejectedError(msg, subject=key, code="use_unclear")
            raise point(error, self._spec.listing.key["lastUsedAt"].place)
        return LastUsed(at=row.at("lastUsedAt"))


class OwnKeys(HttpKeys):
    """Keys among which is the one by which we are admitted ourselves."""

    def own_key(self, account: AccountId) -> KeyId | None:
        """Name our own key; None where we are admitted by something else."""
        return self._shop(account).ending.own_key()


def _marks_keys(spec: Spec) -> bool:
    is_sent = asks_for(spec.creation.operation, Namespace.NEW, "name")
    return is_sent and "name" in spec.listing.key
