"""ZeroKMS: the calls that make, list, grant and end clients and keysets.

Every call is a POST with a JSON body, and nothing is sent twice but readings. A 404
may mean the thing or the path. Where something is to be ended that makes a difference,
so one that does not name the thing is compared with what is listed.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rotator.clients.http_answers import check, json_of, object_of, provider_time, unusable
from rotator.clients.http_messages import HttpRequest, json_body
from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    UnavailableError,
)
from rotator.providers.cipherstash.admission import Door
from rotator.providers.cipherstash.config import SETTINGS, KeysetReference
from rotator.providers.cipherstash.reading import (
    UnexpectedShape,
    bound_keyset,
    client_rows,
    keyset_of,
    keyset_rows,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant
    from rotator.core.workspace import Keyset
    from rotator.providers.cipherstash.admission import Admission
    from rotator.providers.cipherstash.reading import Row
    from rotator.providers.cipherstash.tokens import Token

T = TypeVar("T")

_FORBIDDEN = 403
_NOT_FOUND = 404
_NO_SUCH_VERB = frozenset({405, 410})
_CONFLICT = 409
_MALFORMED = frozenset({400, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientListing:
    """All clients of a workspace in one listing, with the service's own time."""

    rows: tuple[Row, ...]
    provider_time: Instant

    def find(self, client: KeyId) -> Row | None:
        """Return a client's row; None when it is not listed."""
        return next((row for row in self.rows if row.client.client_id == client), None)


class ZeroKms:
    """The clients and keysets of one workspace; safe for threads."""

    def __init__(self, admission: Admission) -> None:
        """Speak through an admission; sends nothing yet."""
        self._admission = admission

    def clients(self) -> ClientListing:
        """List every client, device-backed ones included.

        Raises:
            RejectedError: The listing has a shape that we do not know.
        """
        answer = self._read(Door.KEYSETS, "ListClients", {})
        if answer.status in _MALFORMED:
            # Until 2024 the request was a null; nothing else was accepted.
            answer = self._read(Door.KEYSETS, "ListClients", None)
        field = self._admission.config.client_keysets_field
        rows = _shaped(_path_known(answer), lambda body: client_rows(body, grants_field=field))
        return ClientListing(rows=rows, provider_time=_time_of(answer))

    def keysets(self) -> tuple[Keyset, ...]:
        """List every keyset, disabled ones included; raises as `clients` does."""
        answer = self._read(Door.KEYSETS, "ListKeysets", {"show_disabled": True})
        return _shaped(_path_known(answer), keyset_rows)

    def loaded_keyset(self, client: KeyId, keyset: str | None = None) -> str | None:
        """Load a keyset as a client does when it starts.

        Args:
            client: Whose view it is.
            keyset: The keyset's id; None loads the one that the client is bound to.

        Returns:
            The id of the keyset that was loaded; None where the service knows no such
            client, or does not let it have this keyset.
        """
        wanted = None if keyset is None else self._reference(keyset)
        fields = {"client_id": client, "keyset_id": wanted}
        answer = self._read(Door.ADMIN, "LoadKeyset", fields, subject=keyset or client)
        if answer.status == _NOT_FOUND:
            return None
        return _shaped(_verb_known(answer), _loaded)

    def create_client(
        self, name: str, description: str, keyset: str | None, *, not_after: Instant | None = None
    ) -> MintedKey:
        """Make a client that is bound to a keyset, by id; to the default one if None.

        Raises:
            NotFoundError: There is no such keyset.
            RejectedError: It was bound to another keyset, and has been deleted again;
                code ``wrong_keyset``.
            OutcomeUnknownError: It may have been made; also where it was made and its
                key cannot be read, or it cannot be taken back.
        """
        fields: dict[str, object] = {"name": name, "description": description}
        if keyset is not None:
            fields["keyset_id"] = self._reference(keyset)
        answer = self._change("CreateClient", fields, keyset or name, not_after, door=Door.ADMIN)
        minted, bound = _minted(_verb_known(answer))
        if keyset is not None and bound not in {None, keyset}:
            raise self._taken_back(
                minted.material.key_id, f"{bound} instead of {keyset}", not_after
            )
        return minted

    def _taken_back(self, client: KeyId, how: str, not_after: Instant | None) -> RotatorError:
        """Delete the client that we just made, and say why; nobody has its key."""
        msg = f"the service bound the new client to keyset {how}"
        try:
            self.delete_client(client, not_after=not_after)
        except NotFoundError:
            pass
        except RotatorError:
            # It stands, under a name that only we give: whoever looks next finds it.
            return OutcomeUnknownError(msg, subject=client, code="wrong_keyset")
        return RejectedError(msg + "; it was deleted again", subject=client, code="wrong_keyset")

    def delete_client(self, client: KeyId, *, not_after: Instant | None = None) -> None:
        """Delete a client.

        Raises:
            NotFoundError: There is none.
            UnavailableError: The service says so, and lists it; code ``still_listed``.
        """
        fields = {"client_id": client}
        answer = self._change("DeleteClient", fields, client, not_after, door=Door.ADMIN)
        if _is_unclear(answer, client) and self.clients().find(client) is not None:
            raise _still_listed(answer)
        _verb_known(answer)

    def create_keyset(self, name: str, description: str) -> Keyset:
        """Make a keyset that nobody is granted yet.

        Raises:
            RejectedError: The name is taken; code ``name_taken``.
        """
        fields = {"name": name, "description": description}
        answer = self._change("CreateKeyset", fields, name, None)
        if answer.status == _CONFLICT:
            raise RejectedError("the keyset's name is taken", subject=name, code="name_taken")
        return _shaped(_path_known(answer), _made)

    def grant(self, client: KeyId, keyset: str, *, not_after: Instant | None = None) -> None:
        """Let a client use a keyset, both by id; no error if it may already.

        Raises:
            NotFoundError: There is no such keyset, or no such client.
        """
        fields = {"client_id": client, "keyset_id": self._reference(keyset)}
        answer = self._change("GrantKeyset", fields, keyset, not_after)
        if answer.status != _CONFLICT:
            _verb_known(answer)

    def revoke(self, client: KeyId, keyset: str, *, not_after: Instant | None = None) -> None:
        """Take a keyset from a client, both by id; no error if it has none.

        Raises:
            UnavailableError: The service knows no such grant, and lists it; code
                ``still_listed``.
        """
        fields = {"client_id": client, "keyset_id": self._reference(keyset)}
        answer = self._change("RevokeKeyset", fields, keyset, not_after)
        if _is_unclear(answer, client, keyset) and self._may_use(client, keyset):
            raise _still_listed(answer)
        if answer.status != _NOT_FOUND:
            _verb_known(answer)

    def enable_keyset(self, keyset: str) -> None:
        """Make a disabled keyset usable again."""
        self._switch("EnableKeyset", keyset)

    def disable_keyset(self, keyset: str) -> None:
        """Make a keyset unusable for every client until it is enabled."""
        self._switch("DisableKeyset", keyset)

    def _switch(self, call: str, keyset: str) -> None:
        fields = {"keyset_id": self._reference(keyset)}
        _verb_known(self._change(call, fields, keyset, None))

    def _may_use(self, client: KeyId, keyset: str) -> bool:
        row = self.clients().find(client)
        return row is not None and (row.client.grants is None or keyset in row.client.grants)

    def _read(self, door: Door, call: str, fields: object, *, subject: str = "") -> Answer:
        return self._admission.read(door, lambda token: self._request(token, call, fields, subject))

    def _change(
        self,
        call: str,
        fields: object,
        subject: str,
        not_after: Instant | None,
        *,
        door: Door = Door.KEYSETS,
    ) -> Answer:
        return self._admission.change(
            door,
            lambda token: self._request(token, call, fields, subject),
            not_after=not_after,
        )

    def _request(self, token: Token, call: str, fields: object, subject: str) -> HttpRequest:
        return HttpRequest(
            operation=f"zerokms:{call}",
            method="POST",
            url=token.zerokms(_path(call)),
            body=json_body(fields),
            subject=subject or self._admission.config.account,
        )

    def _reference(self, keyset: str) -> object:
        is_typed = self._admission.config.keyset_reference is KeysetReference.TYPED
        return {"Uuid": keyset} if is_typed else keyset


def _api_changed(answer: Answer) -> RejectedError:
    """Say that a call is not where we know it, and what to set."""
    return RejectedError(
        f"{answer.operation}: {answer.host} knows no such call (status {answer.status}); "
        "the API may have changed",
        subject=answer.subject,
        code="api_changed",
        hint=f"see the vendor's documentation, and {SETTINGS}.api.zerokmsUrl",
    )


def _path(call: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in call)[1:]


def _verb_known(answer: Answer) -> Answer:
    """Return a success; a 404 is a thing that does not exist."""
    if answer.status in _NO_SUCH_VERB:
        raise _api_changed(answer)
    if answer.status == _FORBIDDEN:
        raise AccessDeniedError(
            f"{answer.operation} failed: status {answer.status} from {answer.host}",
            subject=answer.subject,
            code="forbidden",
            hint="let rotator's own access key do this; a disabled keyset is refused alike",
        )
    return check(answer)


def _path_known(answer: Answer) -> Answer:
    """Return a success of a call about nothing in particular: its 404 is the path's."""
    if answer.status == _NOT_FOUND:
        raise _api_changed(answer)
    return _verb_known(answer)


def _is_unclear(answer: Answer, *things: str) -> bool:
    """Whether a 404 may be the path's, for it names none of the things as missing."""
    is_named = any(f"id={thing}".encode() in answer.content for thing in things)
    return answer.status == _NOT_FOUND and not is_named


def _still_listed(answer: Answer) -> UnavailableError:
    return UnavailableError(
        f"{answer.operation}: {answer.host} knows nothing to end, and lists it nevertheless; "
        "the API may have changed, or the listing is old",
        subject=answer.subject,
        code="still_listed",
        hint=f"see the vendor's documentation, and {SETTINGS}.api.zerokmsUrl",
    )


def _shaped(answer: Answer, read: Callable[[object], T]) -> T:
    body = json_of(answer)
    try:
        return read(body)
    except UnexpectedShape as error:
        raise unusable(answer, str(error), code="unexpected_shape") from None


def _made(body: object) -> Keyset:
    if not isinstance(body, dict):
        raise UnexpectedShape("its body is no keyset")
    return keyset_of(body)


def _loaded(body: object) -> str:
    loaded = body.get("dataset") if isinstance(body, dict) else None
    if not isinstance(loaded, dict):
        raise UnexpectedShape("it has no dataset")
    return named(loaded, "id")


def _time_of(answer: Answer) -> Instant:
    time = provider_time(answer)
    if time is None:
        raise unusable(answer, "it does not tell the time", code="no_time")
    return time


def _minted(answer: Answer) -> tuple[MintedKey, str | None]:
    """Read a new client, and which keyset it is bound to, if that is told."""
    body = object_of(answer)
    client, text = body.get("id"), body.get("client_key")
    key = _decoded(text) if isinstance(text, str) else b""
    if not isinstance(client, str) or not client or not key:
        raise unusable(answer, "it has no client with its key", code="unexpected_shape")
    material = KeyMaterial(key_id=KeyId(client), secret=Secret(key.hex()))
    born_at = provider_time(answer) or answer.received_at
    return MintedKey(material=material, created_at=born_at), bound_keyset(body)


def _decoded(text: str) -> bytes:
    """Decode base64; nothing if it is none."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
