"""Client keys: each is a client of ZeroKMS, with keysets that it is granted.

A client's successor reads what the client wrote if it has the same grants, and finds
it by search if it is bound to the same keyset; so it is made bound to that one, and
the rest is granted by `grant`. The service has no switch for a client: one without
any grant is disabled, for it opens nothing. Of several requests that end something,
the one about the bound keyset is the last, so that a listing shows a client as
disabled only when all of it was done.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from rotator.core.facts import KeyInfo, KeyListing, Principal
from rotator.core.lineages import lineage, successor
from rotator.core.terms import Traits
from rotator.errors import (
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RejectedError,
    RotatorError,
    UnavailableError,
)
from rotator.ports.provider import Verdict
from rotator.providers.cipherstash.config import CLIENT_KEYS
from rotator.providers.cipherstash.granted import (
    bound,
    bound_last,
    example,
    is_enabled,
    readable,
    told,
)
from rotator.providers.cipherstash.zerokms import ZeroKms

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from rotator.core.ids import AccountId, Instant, KeyId, RotationId
    from rotator.core.secret import KeyMaterial, MintedKey
    from rotator.core.workspace import Client
    from rotator.providers.cipherstash.admission import Admission
    from rotator.providers.cipherstash.reading import Row
    from rotator.providers.cipherstash.zerokms import ClientListing

_CLIENT_KEY = re.compile(r"(?:[0-9A-Fa-f]{2})+")
"""As much of a client key's form as its real clients check before they use it."""

_DESCRIPTION = "Made by rotator"
_REMEMBERED = 256
_MOST_LOADS = 500
"""In one try, which renews no lease; tenants may be thousands."""


class CipherStashClientKeys:
    """A `KeyProvider` that can disable, keep grants and tell people; it sees no uses.

    A principal is a lineage of clients that share a name, apart from our ending.
    """

    def __init__(self, admissions: Iterable[Admission]) -> None:
        """Enter the workspaces by these admissions; sends nothing yet."""
        entered = {item.config.account: item for item in admissions}
        self._services = {account: ZeroKms(item) for account, item in entered.items()}
        # Keysets that each client was seen to open.
        self._opened: dict[KeyId, set[str]] = {}
        # Whose lineages the newest listing of everybody showed: a scan asks for each.
        self._people: dict[AccountId, dict[str, bool]] = {}
        # What clients that this process made should be bound to, whatever is listed.
        self._meant: dict[KeyId, str] = {}
        configs = [item.config for item in entered.values()]
        self._traits = Traits(
            max_keys=None,
            can_disable=True,
            can_report_use=False,
            marks_keys=True,
            has_grants=True,
            signature_window=max((item.request_window for item in configs), default=timedelta(0)),
            list_lag=max((item.list_lag for item in configs), default=timedelta(0)),
        )

    @property
    def traits(self) -> Traits:
        """Return what client keys are like, in the slowest of the workspaces."""
        return self._traits

    def principals(self, account: AccountId) -> Iterator[Principal]:
        """Yield each lineage once; those of people and of unreadable clients, too."""
        people: dict[str, bool] = {}
        for row in self._service(account).clients().rows:
            name = lineage(row.client.name).base
            people[name] = people.get(name, False) or row.client.is_device
        self._people[account] = people
        for name in people:
            yield Principal(provider=CLIENT_KEYS, account=account, name=name, uid=name)

    def list_keys(self, principal: Principal) -> KeyListing:
        """List a lineage's clients; none is an answer, for a lineage is but a name."""
        listing = self._listing(principal)
        keys = tuple(_key(row, listing) for row in _of_lineage(listing, principal))
        return KeyListing(keys=keys, provider_time=listing.provider_time)

    def create_key(
        self,
        principal: Principal,
        rotation: RotationId,
        *,
        replaces: KeyId | None,
        not_after: Instant,
    ) -> MintedKey:
        """Make a client that is bound as the replaced one is, and granted nothing else.

        Raises:
            RejectedError: It replaces none, so that nothing says what it may open; or
                the replaced one's keysets cannot be read, or it is bound to none, or
                it is a device's.
            NotFoundError: The replaced client does not exist.
        """
        if replaces is None:
            raise RejectedError(
                "no client says what a new one may open",
                subject=principal.name,
                code="no_example",
                hint="make the first client with `rotator cipherstash client create`",
            )
        service = self._service(principal.account)
        client = _found(self._listing(principal), principal, replaces).client
        keyset = _keyset_for_successor(service, client)
        name = successor(principal.name, rotation)
        described = client.description or _DESCRIPTION
        minted = service.create_client(name, described, keyset, not_after=not_after)
        self._meant[minted.material.key_id] = keyset
        return minted

    def delete_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Take a client's grants, then delete it.

        Raises:
            RejectedError: It is there, and belongs to another lineage.
        """
        service, row = self._service(principal.account), self._listing(principal).find(key)
        if row is not None:
            _must_be_of(principal, row.client)
            _revoke_all(service, row.client, not_after=not_after)
        # A listing may be older than the client, so it is not asked whether there is one.
        with suppress(NotFoundError):
            service.delete_client(key, not_after=not_after)

    def verify(self, principal: Principal, material: KeyMaterial) -> Verdict:
        """Load the client's keysets as the client itself does when it starts.

        The bound keyset is loaded at each try, each other until it was loaded once. A
        disabled one cannot be loaded: there the listing is the proof. No call of the
        service tries the key that belongs to the client; of that only the form is
        looked at.
        """
        if not _CLIENT_KEY.fullmatch(material.secret.reveal()):
            raise RejectedError(
                "the client key is not written in pairs of hexadecimal digits",
                subject=material.key_id,
                code="malformed_key",
            )
        service = self._service(principal.account)
        row = self._listing(principal).find(material.key_id)
        if row is None:
            return _unlisted(service, material.key_id)
        if lineage(row.client.name).base != principal.name:
            return Verdict.WRONG_PRINCIPAL
        return self._load_all(service, row.client)

    def disable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Take every grant of a client, the bound keyset's last."""
        service = self._service(principal.account)
        client = _found(self._listing(principal), principal, key).client
        readable(client)
        _revoke_all(service, client, not_after=not_after)

    def enable_key(self, principal: Principal, key: KeyId, *, not_after: Instant) -> None:
        """Grant a client what its successor has, the bound keyset last.

        What the listing shows as granted is granted again, too: it may be older than
        the disabling, and consumers wait for this client. For their sake one keyset
        that is refused does not keep the others shut.

        Raises:
            RejectedError: There is no other enabled client, and it is not told either
                which keyset this one is bound to.
            OutcomeUnknownError: Also where only some of the keysets were granted.
        """
        listing = self._listing(principal)
        client = _found(listing, principal, key).client
        rows = _of_lineage(listing, principal)
        wanted = example(rows, client, listing.provider_time) | bound(client)
        if not wanted:
            raise RejectedError(
                "nothing says which keysets the client had",
                subject=key,
                code="no_example",
                hint="grant them by `rotator cipherstash keyset grant`",
            )
        lacking = wanted - readable(client)
        ordered = (*bound_last(client, lacking), *bound_last(client, wanted - lacking))
        _grant_all(self._service(principal.account), key, ordered, not_after=not_after)

    def grants(self, principal: Principal, key: KeyId) -> frozenset[str]:
        """Read the ids of all keysets that a client is granted, disabled ones included."""
        return readable(_found(self._listing(principal), principal, key).client)

    def grant(
        self, principal: Principal, key: KeyId, grants: frozenset[str], *, not_after: Instant
    ) -> None:
        """Grant a client the keysets that it lacks."""
        service = self._service(principal.account)
        client = _found(self._listing(principal), principal, key).client
        for keyset in bound_last(client, grants - readable(client)):
            service.grant(key, keyset, not_after=not_after)

    def is_person(self, principal: Principal) -> bool:
        """Whether a client of the lineage is backed by a developer's device.

        Answered by the listing that `principals` read last, where that showed it.
        """
        known = self._people.get(principal.account, {}).get(principal.name)
        if known is not None:
            return known
        rows = _of_lineage(self._listing(principal), principal)
        return any(row.client.is_device for row in rows)

    def _load_all(self, service: ZeroKms, client: Client) -> Verdict:
        disabled = {keyset.id for keyset in service.keysets() if keyset.is_disabled}
        meant = self._meant.get(client.client_id, client.bound)
        verdict = _bound_opens(service, client, meant, disabled)
        others = told(client) - disabled - bound(client)
        left = sorted(others - self._opened.get(client.client_id, set()))
        if verdict is not Verdict.ACCEPTED:
            return verdict
        for keyset in left[:_MOST_LOADS]:
            one = _judged(service.loaded_keyset(client.client_id, keyset), keyset)
            if one is not Verdict.ACCEPTED:
                return Verdict.PARTLY if one is Verdict.NOT_YET else one
            self._remember(client.client_id, keyset)
        if len(left) > _MOST_LOADS:
            msg = f"{len(left) - _MOST_LOADS} of the client's keysets are yet to be loaded"
            raise UnavailableError(msg, subject=client.client_id, code="keysets_left")
        return Verdict.ACCEPTED

    def _remember(self, client: KeyId, keyset: str) -> None:
        if len(self._opened) >= _REMEMBERED:
            self._opened.clear()
        self._opened.setdefault(client, set()).add(keyset)

    def _listing(self, principal: Principal) -> ClientListing:
        if principal.uid != principal.name:
            msg = f"a lineage has no id but its name, and this one is {principal.uid}"
            raise NotFoundError(msg, subject=principal.name, code="principal_replaced")
        return self._service(principal.account).clients()

    def _service(self, account: AccountId) -> ZeroKms:
        service = self._services.get(account)
        if service is None:
            raise RejectedError(
                "the workspace is not configured",
                subject=account,
                code="unknown_account",
                hint="list it under cipherstash.workspaces",
            )
        return service


def _of_lineage(listing: ClientListing, principal: Principal) -> list[Row]:
    return [row for row in listing.rows if lineage(row.client.name).base == principal.name]


def _found(listing: ClientListing, principal: Principal, key: KeyId) -> Row:
    rows = _of_lineage(listing, principal)
    found = next((row for row in rows if row.client.client_id == key), None)
    if found is None:
        raise NotFoundError("no such client in this lineage", subject=key)
    return found


def _must_be_of(principal: Principal, client: Client) -> None:
    if lineage(client.name).base != principal.name:
        raise RejectedError(
            f"the client is named {client.name}, and so is none of {principal.name}",
            subject=client.client_id,
            code="another_lineage",
        )


def _keyset_for_successor(service: ZeroKms, client: Client) -> str:
    """Return the keyset that a client is bound to, if it may have a successor at all."""
    readable(client)
    if client.is_device:
        raise RejectedError(
            f"client {client.name} belongs to a developer's device",
            subject=client.client_id,
            code="device_backed",
            hint="let the developer's own tools replace it",
        )
    keyset = client.bound or service.loaded_keyset(client.client_id)
    if keyset is None:
        raise RejectedError(
            "the client is bound to no keyset, or to one that is not told",
            subject=client.client_id,
            code="unbound",
            hint="make a client that is bound to a keyset, and publish that one",
        )
    return keyset


def _key(row: Row, listing: ClientListing) -> KeyInfo:
    return KeyInfo(
        key_id=row.client.client_id,
        enabled=is_enabled(row.client),
        created_at=row.created_at or listing.provider_time,
        rotation=lineage(row.client.name).rotation,
        is_dated=row.created_at is not None,
    )


def _revoke_all(service: ZeroKms, client: Client, *, not_after: Instant) -> None:
    """Take every grant that is told, the bound keyset's last.

    Raises:
        OutcomeUnknownError: Also where something failed after others were taken.
    """
    for done, keyset in enumerate(bound_last(client, client.grants or ())):
        try:
            service.revoke(client.client_id, keyset, not_after=not_after)
        except RotatorError as error:
            if not done:
                raise
            msg = f"{done} keysets were taken from the client, then: {error}"
            raise OutcomeUnknownError(msg, subject=client.client_id, code=error.code) from error


def _grant_all(
    service: ZeroKms, client: KeyId, keysets: Sequence[str], *, not_after: Instant
) -> None:
    """Grant what is not refused.

    Raises:
        PermanentError: All of it is refused.
        OutcomeUnknownError: Some of it is, or nobody knows.
    """
    refused: list[PermanentError] = []
    for keyset in keysets:
        try:
            service.grant(client, keyset, not_after=not_after)
        except PermanentError as error:
            refused.append(error)
    if len(refused) == len(keysets):
        raise refused[0]
    if refused:
        msg = f"{len(refused)} of {len(keysets)} keysets were not granted: {refused[0]}"
        raise OutcomeUnknownError(msg, subject=client, code=refused[0].code) from refused[0]


def _unlisted(service: ZeroKms, client: KeyId) -> Verdict:
    """Judge a client that is in no listing: it is not there yet, or not any more."""
    if service.loaded_keyset(client) is None:
        return Verdict.NOT_YET
    # Its keyset opens, and nothing shows whose it is.
    return Verdict.PARTLY


def _bound_opens(
    service: ZeroKms, client: Client, meant: str | None, disabled: Container[str]
) -> Verdict:
    """Try the keyset that a client is bound to; a disabled one by the listing alone.

    Args:
        service: Where to try.
        client: As it is listed.
        meant: What it should be bound to; None where any will do.
        disabled: Keysets that nobody can load.
    """
    if client.bound is None or client.bound not in disabled:
        return _judged(service.loaded_keyset(client.client_id), meant)
    if client.bound != meant:
        return Verdict.WRONG_PRINCIPAL
    return Verdict.ACCEPTED if meant in told(client) else Verdict.NOT_YET


def _judged(loaded: str | None, expected: str | None) -> Verdict:
    if loaded is None:
        return Verdict.NOT_YET
    return Verdict.ACCEPTED if expected in {None, loaded} else Verdict.WRONG_PRINCIPAL
