"""CipherStash access keys: unique names, made and ended by name, with a role each.

Keys of one lineage differ in an ending of their name, which tells the rotation that
made them; so it is exact whose a key is. A key cannot be switched off, only revoked,
and of its uses only the exchange for a token is seen, our own trials among them.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import KeyInfo, KeyListing, LastUsed, Principal
from rotator.core.forms import id_inside
from rotator.core.lineages import lineage, successor
from rotator.core.terms import Traits
from rotator.errors import NotFoundError, OutcomeUnknownError, RejectedError
from rotator.ports.provider import Verdict
from rotator.providers.cipherstash.admission import Door
from rotator.providers.cipherstash.config import ACCESS_KEYS, SETTINGS, ApiKind
from rotator.providers.cipherstash.cts import Cts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rotator.core.ids import AccountId, Instant, KeyId, RotationId
    from rotator.core.secret import KeyMaterial, MintedKey
    from rotator.core.workspace import AccessRole
    from rotator.providers.cipherstash.admission import Admission
    from rotator.providers.cipherstash.listing import AccessKeyListing, Row


class CipherStashAccessKeys:
    """A `KeyProvider` that can report use and tell our own key; for all workspaces."""

    def __init__(self, admissions: Iterable[Admission]) -> None:
        """Take one admission for each workspace; sends nothing yet."""
        self._admissions = {item.config.account: item for item in admissions}
        configs = [item.config for item in self._admissions.values()]
        self._cts = {account: Cts(item) for account, item in self._admissions.items()}
        # Name and role of keys that this process made: a listing may not show them yet,
        # or never tell the role.
        self._made: dict[KeyId, tuple[str, AccessRole | None]] = {}
        self._traits = Traits(
            max_keys=None,
            can_disable=False,
            can_report_use=True,
            marks_keys=True,
            signature_window=max((item.request_window for item in configs), default=timedelta(0)),
            list_lag=max((item.list_lag for item in configs), default=timedelta(0)),
            use_quantum=max((item.token_lifetime for item in configs), default=timedelta(0)),
        )

    @property
    def traits(self) -> Traits:
        """Return what the service is like, by the slowest of the workspaces."""
        return self._traits

    def principals(self, account: AccountId) -> Iterator[Principal]:
        """Yield the lineages that have a key, each once, in the listing's order."""
        rows = self._calls(account).access_keys().rows
        for base in dict.fromkeys(lineage(row.key.name).base for row in rows):
            yield Principal(provider=ACCESS_KEYS, account=account, name=base, uid=base)

    def list_keys(self, principal: Principal) -> KeyListing:
        """List a lineage's keys; a lineage of which no key is left has none."""
        _must_be_lineage(principal)
        listing = self._calls(principal.account).access_keys()
        rows = listing.of_lineage(principal.name)
        return KeyListing(
            keys=tuple(_info(row) for row in rows), provider_time=listing.provider_time
        )

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Mint one key of the replaced key's role, named for its rotation.

        Raises:
            RejectedError: Nobody tells which role that is; code ``role_unknown``.
            OutcomeUnknownError: It may have been made; also where the name is taken,
                for no rotation but this one gives it: an earlier request landed.
        """
        name = successor(principal.name, rotation)
        role = self._role(principal, replaces)
        try:
            minted = self._calls(principal.account).create(name, role, not_after=not_after)
        except RejectedError as error:
            if error.code != "name_taken":
                raise
            msg = "a key of this rotation's name is there already"
            raise OutcomeUnknownError(msg, subject=name, code="name_taken") from error
        self._made[minted.material.key_id] = name, role
        return minted

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Revoke a key by the name that a fresh listing gives it.

        Raises:
            RejectedError: It is the key by which we are admitted ourselves, code
                ``own_key``; or its name is not unique, code ``name_ambiguous``.
        """
        admission = self._admission(principal.account)
        if key in admission.own_key_ids():
            raise RejectedError(
                "this is the access key by which rotator itself is admitted",
                subject=key,
                code="own_key",
                hint=f"store its successor where {SETTINGS}.adminKey or controlKey points to",
            )
        # A token of its own must not be what revokes it: its successor's is.
        admission.forget_key(key)
        name = self._name_of(principal, key)
        if name is not None:
            with suppress(NotFoundError):
                self._calls(principal.account).revoke(name, not_after=not_after)

    def verify(self, principal: Principal, material: KeyMaterial) -> Verdict:
        """Exchange the key for a token, and look whose it is and what it may do.

        Raises:
            RejectedError: The text is not this key's, code ``wrong_secret``; or the
                key has another role than it should, code ``wrong_role``.
        """
        key, account = material.key_id, principal.account
        if id_inside(material.secret.reveal()) != key:
            msg = "the secret is not this key's, or is not whole"
            raise RejectedError(msg, subject=key, code="wrong_secret")
        token = self._admission(account).exchange(material.secret, subject=key)
        if token is None:
            return Verdict.NOT_YET
        if token.key_id not in {None, key} or token.workspace not in {None, account}:
            return Verdict.WRONG_PRINCIPAL
        row = self._calls(account).access_keys().find(key)
        if row is None:
            return Verdict.PARTLY
        if lineage(row.key.name).base != principal.name:
            return Verdict.WRONG_PRINCIPAL
        self._must_have_its_role(principal, row, token.role)
        return Verdict.ACCEPTED

    def last_used(self, principal: Principal, key: KeyId) -> LastUsed:
        """Tell when a key was last exchanged for a token; no use later than that is seen."""
        listing = self._calls(principal.account).access_keys()
        row = _in_lineage(listing, principal, key)
        if row is None:
            msg = "no such key of this lineage"
            raise NotFoundError(msg, subject=key)
        return LastUsed(at=listing.last_use(row), service="cts")

    def own_key(self, account: AccountId) -> KeyId | None:
        """Name the access key that admits us; None where a person's token does."""
        return self._admission(account).own_key_id()

    def _role(self, principal: Principal, replaces: KeyId | None) -> AccessRole | None:
        """Find out which role a successor gets; None where the interface knows no roles."""
        admission = self._admission(principal.account)
        if admission.config.kind is ApiKind.LEGACY:
            return None
        told = None if replaces is None else self._told_role(admission, replaces)
        role = told or self._configured_role(principal)
        if role is None:
            raise RejectedError(
                "nobody tells which role the successor of this key should have",
                subject=principal.name,
                code="role_unknown",
                hint=f"write it under {SETTINGS}.accessKeyRoles, such as `ci-*: member`",
            )
        return role

    def _told_role(self, admission: Admission, key: KeyId) -> AccessRole | None:
        """Ask the service for a key's role; of our own key the token tells it, too."""
        row = self._calls(admission.config.account).access_keys().find(key)
        if row is not None and row.strange_role:
            raise RejectedError(
                "the key to be replaced has a role that we do not know",
                subject=key,
                code="role_unknown",
                hint="update rotator, or replace this key by hand",
            )
        token = admission.token(Door.ADMIN)
        own = token.role if token.key_id == key else None
        return (row.key.role if row else None) or own

    def _must_have_its_role(
        self, principal: Principal, row: Row, admitted: AccessRole | None
    ) -> None:
        """Compare what is told of a key with what was asked for, or else with what is listed."""
        _, asked = self._made.get(row.key.key_id, ("", None))
        expected = asked or row.key.role or self._configured_role(principal)
        told = admitted or row.key.role
        if None not in {told, expected} and told is not expected:
            msg = f"the new key has the role {told} and should have {expected}"
            raise RejectedError(msg, subject=row.key.key_id, code="wrong_role")

    def _configured_role(self, principal: Principal) -> AccessRole | None:
        return self._admission(principal.account).config.role_of(principal.name)

    def _name_of(self, principal: Principal, key: KeyId) -> str | None:
        """Return the name that is this key's and no other's; None if the key is gone."""
        listing = self._calls(principal.account).access_keys()
        row = _in_lineage(listing, principal, key)
        made, _ = self._made.get(key, (None, None))
        name = row.key.name if row else made
        if name is not None and any(other.key.key_id != key for other in listing.named(name)):
            msg = "another key has the same name, and keys are revoked by name"
            raise RejectedError(msg, subject=key, code="name_ambiguous")
        return name

    def _admission(self, account: AccountId) -> Admission:
        known = self._admissions.get(account)
        if known is None:
            msg = "the workspace is not configured"
            hint = f"list it under {SETTINGS}"
            raise RejectedError(msg, subject=account, code="unknown_account", hint=hint)
        return known

    def _calls(self, account: AccountId) -> Cts:
        return self._cts[self._admission(account).config.account]


def _must_be_lineage(principal: Principal) -> None:
    """Refuse a uid that is no lineage's: a lineage is its name, and nothing else."""
    if principal.uid != principal.name:
        msg = f"the lineage of this name is {principal.name}, not {principal.uid}"
        raise NotFoundError(msg, subject=principal.name, code="principal_replaced")


def _in_lineage(listing: AccessKeyListing, principal: Principal, key: KeyId) -> Row | None:
    return next((row for row in listing.of_lineage(principal.name) if row.key.key_id == key), None)


def _info(row: Row) -> KeyInfo:
    return KeyInfo(
        key_id=row.key.key_id,
        enabled=True,
        created_at=row.key.created_at,
        rotation=lineage(row.key.name).rotation,
    )
