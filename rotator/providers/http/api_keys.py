"""The keys of one account, as operators handle them beside the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_answers import json_of
from rotator.core.api_keys import ApiKey, KeyStatus, KeyUsage, MadeApiKey
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError
from rotator.providers.http.expecting import GONE, unexpected
from rotator.providers.http.holes import asks_for
from rotator.providers.http.minting import Wish
from rotator.providers.http.pointing import naming, point
from rotator.providers.http.powers import are_copied, are_needed, must_be_known, powers
from rotator.providers.http.selectors import ABSENT, SelectorError, pick, word
from rotator.providers.http.templates import Namespace
from rotator.providers.http.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rotator.clients.http_messages import Answer
    from rotator.core.api_keys import ApiKeyWish
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import Secret
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.provider import Verdict
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.listing import KeyRows
    from rotator.providers.http.rows import Row
    from rotator.providers.http.selectors import Selector
    from rotator.providers.http.spec import Spec

_DIGITS_OF_A_COUNT = 18


class HttpApiKeys:
    """An `ApiKeys`."""

    def __init__(self, spec: Spec, account: HttpAccount, clock: Clock, chance: Chance) -> None:
        """Prepare; sends nothing, and reads no credential yet."""
        self._spec = spec
        self._shop = Workshop(spec, account, clock, chance)

    def api_keys(self) -> Sequence[ApiKey]:
        """List every key that is not revoked, in the vendor's order."""
        listing = self._shop.lister.read()
        return tuple(self._key(row, listing.provider_time) for row in listing.rows)

    def create_api_key(self, wish: ApiKeyWish) -> MadeApiKey:
        """Make a key, with one request.

        Raises:
            NotFoundError: The key that it is to be like is not listed.
            RejectedError: The spec cannot express a part of the wish, code
                ``cannot_express``; or it copies what another key may do, and the wish
                names none, code ``like_whom``; or nobody tells what that one may do,
                code ``powers_unknown``. No key was made.
        """
        self._must_be_expressible(wish)
        listing = self._shop.lister.read()
        copied = {} if wish.like is None else self._powers(listing, wish.like)
        made = self._shop.minting.make(
            Wish(
                name=wish.name,
                description=wish.description,
                scopes=copied.get("scopes") if wish.scopes is None else list(wish.scopes),
                lifetime=wish.lifetime,
                old=copied,
            ),
            there=listing.ids,
            not_after=None,
            subject=wish.name,
        )
        return MadeApiKey(key=self._key(made.row, made.created_at, wish), secret=made.secret)

    def revoke_api_key(self, key: KeyId) -> None:
        """End a key, with all the steps of its vendor, and look whether it is listed.

        Raises:
            NotFoundError: There is none of that id.
            RejectedError: It is the key by which we are admitted ourselves, code
                ``own_key``; or it was answered and the key is still listed, code
                ``still_listed``: the list may be stale.
        """
        rows = self._shop.lister.read()
        row = rows.find(key)
        if row is None:
            raise NotFoundError("there is no key of this id", subject=key)
        self._shop.ending.must_not_be_ours(key)
        self._shop.ending.end(key, rows, row.name, not_after=None)
        if self._shop.lister.read().find(key) is not None:
            error = RejectedError(
                f"{self._spec.name}:revoke was answered, and the key is still listed",
                subject=key,
                code="still_listed",
                hint="list the keys again in a while, and ask the vendor if it stays",
            )
            raise point(error, self._spec.revocation[-1].place)

    def try_api_key(self, secret: Secret, key: KeyId | None) -> Verdict:
        """Try a key from outside; `NOT_YET` means refused."""
        is_named = key is not None and self._shop.trying.asks_for_name
        rows = self._shop.lister.read() if is_named else None
        row = rows.find(key) if rows is not None and key is not None else None
        return self._shop.trying.verdict(secret, key, row.name if row else "")

    def usage(self, key: KeyId) -> KeyUsage | None:
        """Tell how much a key is used; None where the vendor does not tell.

        Raises:
            NotFoundError: There is none of that id.
        """
        call = self._spec.usage
        if call is None:
            return None
        values = {Namespace.KEY: {"id": key}}
        with naming(call.operation.place):
            answer = self._shop.calls.read(call.operation, values, subject=key)
            if answer.status in GONE:
                self._must_be_listed(key)
                raise unexpected(answer)
            self._shop.calls.expect(call.operation, answer, values)
            told = {name: self._picked(selector, answer) for name, selector in call.fields.items()}
        count = told.get("count", "")[:_DIGITS_OF_A_COUNT]
        return KeyUsage(
            count=int(count) if count.isascii() and count.isdigit() else None,
            last_address=told.get("lastAddress", ""),
            last_user_agent=told.get("lastUserAgent", ""),
        )

    def check_admission(self) -> None:
        """Find out whether our own credential may manage keys; changes nothing.

        Raises:
            AccessDeniedError: It may not; says whom to ask.
        """
        preflight = self._spec.preflight
        if preflight is None:
            self._shop.lister.read()
            return
        with naming(preflight.place):
            answer = self._shop.calls.read(preflight, {})
            try:
                self._shop.calls.expect(preflight, answer, {})
            except RejectedError as error:
                if error.code != "condition_failed":
                    raise
                words = self._spec.access_denied or "our credential may not manage keys"
                raise AccessDeniedError(words, subject=error.subject) from error

    def own_key(self) -> KeyId | None:
        """Name the key by which we are admitted ourselves; None where nobody tells."""
        return self._shop.ending.own_key()

    def _must_be_expressible(self, wish: ApiKeyWish) -> None:
        create = self._spec.creation.operation
        is_written = {
            "a name": not wish.name or asks_for(create, Namespace.NEW, "name"),
            "a description": not wish.description or asks_for(create, Namespace.NEW, "description"),
            "scopes": wish.scopes is None or asks_for(create, Namespace.NEW, "scopes"),
            "a lifetime": wish.lifetime is None
            or asks_for(create, Namespace.NEW, "ttl")
            or asks_for(create, Namespace.NEW, "expiresAt"),
            "what another key may do": wish.like is None or are_needed(self._spec),
        }
        lost = [what for what, can_be in is_written.items() if not can_be]
        if lost:
            error = RejectedError(
                f"the spec's `create` has no place for {' or '.join(lost)}",
                subject=wish.name,
                code="cannot_express",
            )
            raise point(error, create.place)
        if wish.like is None and are_copied(self._spec):
            error = RejectedError(
                "the spec's `create` copies what another key may do, and none is named",
                subject=wish.name,
                code="like_whom",
                hint="name one that may do what the new one is to: --like KEY",
            )
            raise point(error, create.place)

    def _powers(self, listing: KeyRows, key: KeyId) -> Mapping[str, object]:
        """Return what a listing tells of what a key may do, and nothing else of it."""
        row = listing.find(key)
        if row is None:
            raise NotFoundError("there is no key of this id", subject=key)
        must_be_known(self._spec, key, row)
        return powers(row)

    def _must_be_listed(self, key: KeyId) -> None:
        if self._shop.lister.read().find(key) is None:
            raise NotFoundError("there is no key of this id", subject=key)

    def _picked(self, selector: Selector, answer: Answer) -> str:
        try:
            found = pick(selector, json_of(answer))
        except SelectorError:
            found = ABSENT
        return "" if found is ABSENT else word(found) or ""

    def _key(self, row: Row, now: Instant, wish: ApiKeyWish | None = None) -> ApiKey:
        name = row.name or (wish.name if wish else "")
        description = row.text("description") or (wish.description if wish else "")
        scopes = _scopes(row.told.get("scopes"))
        return ApiKey(
            key_id=row.key_id,
            name=name,
            description=description,
            status=KeyStatus.EXPIRED if _has_ended(row, now) else row.status,
            raw_status=row.raw_status,
            scopes=wish.scopes if scopes is None and wish else scopes,
            created_at=row.at("createdAt"),
            is_use_told="lastUsedAt" in row.told,
            last_used_at=row.at("lastUsedAt"),
            expires_at=row.at("expiresAt"),
        )


def _has_ended(row: Row, now: Instant) -> bool:
    """Whether a key is over that its vendor still calls active; `now` is the vendor's."""
    ends_at = row.at("expiresAt")
    return row.status is KeyStatus.ACTIVE and ends_at is not None and ends_at <= now


def _scopes(told: object) -> tuple[str, ...] | None:
    """Write scopes as texts: a list's items, a text's words, or the whole of what it is."""
    if told is None:
        return None
    if isinstance(told, str):
        return tuple(told.split())
    items = told if isinstance(told, list | tuple) else [told]
    return tuple(word(item) or str(item) for item in items)
