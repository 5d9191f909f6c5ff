"""CTS: the calls that make, list and end access keys.

Each change is one request. What the service does not tell or what is told in
another way than last seen is not taken for anything: the paths are settings, and
an answer without a key that can be read is a key that somebody must look for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_answers import object_of, provider_time, text_of, unusable
from rotator.clients.http_messages import HttpRequest, json_body
from rotator.core.forms import id_inside
from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.errors import (
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    UnavailableError,
)
from rotator.providers.cipherstash.admission import Door
from rotator.providers.cipherstash.config import SETTINGS, ApiKind
from rotator.providers.cipherstash.listing import read_listing, role_in, time_in
from rotator.providers.cipherstash.refusals import api_changed, present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant, KeyId
    from rotator.core.workspace import AccessRole
    from rotator.providers.cipherstash.admission import Admission
    from rotator.providers.cipherstash.listing import AccessKeyListing
    from rotator.providers.cipherstash.tokens import Token

_BAD_REQUEST = 400
_NOT_FOUND = 404
_CONFLICT = 409
_CALLS = {
    "CreateAccessKey": ("POST", "create_access_key"),
    "RevokeAccessKey": ("DELETE", "revoke_access_key"),
}


class Cts:
    """The access keys of one workspace; safe for threads."""

    def __init__(self, admission: Admission) -> None:
        """Speak through an admission; sends nothing yet."""
        self._admission = admission
        self._config = admission.config

    def access_keys(self) -> AccessKeyListing:
        """List every access key of the workspace.

        Raises:
            RejectedError: The answer is no list of keys.
            UnavailableError: It has no time, or lacks even the key that asked for it:
                then it is stale, or a part, or our key was just revoked, and what is
                missing from it proves nothing; but for a service that is known to
                leave that key out.
        """
        asked_with: list[Token] = []

        def asking(token: Token) -> HttpRequest:
            asked_with.append(token)
            return HttpRequest(
                operation="cts:ListAccessKeys",
                url=token.cts(self._config.path(self._config.paths.list_access_keys)),
                subject=self._config.account,
            )

        answer = present(self._admission.read(Door.ADMIN, asking), "listAccessKeys")
        listing, token = read_listing(self._config, answer), asked_with[-1]
        if self._config.lists_own_key and token.key_id is not None:
            self._must_list(listing, token, token.key_id)
        return listing

    def _must_list(self, listing: AccessKeyListing, token: Token, own: KeyId) -> None:
        if listing.find(own) is not None:
            return
        self._admission.forget(token)
        msg = "the listing of access keys lacks the one that asked for it"
        hint = (
            "it is looked at again; if the service never lists that key, "
            f"set {SETTINGS}.api.listsOwnKey to false"
        )
        raise UnavailableError(msg, subject=own, code="listing_incomplete", hint=hint)

    def create(
        self, name: str, role: AccessRole | None, *, not_after: Instant | None = None
    ) -> MintedKey:
        """Make an access key, with one request.

        Args:
            name: Unique in the workspace.
            role: What it may do; None only where the interface knows no roles.
            not_after: When nothing may be sent any more.

        Raises:
            RejectedError: The name is taken, code ``name_taken``; or the service
                gave another role than was asked for, code ``wrong_role``, and the
                key has been revoked again.
            OutcomeUnknownError: It may have been made; also where it was made and
                cannot be read or taken back.
        """
        asked = {} if role is None else {"role": role.value}
        answer = self._change("CreateAccessKey", name, {**self._fields(name), **asked}, not_after)
        if self._is_taken(answer, name):
            msg = "there is an access key of this name already"
            raise RejectedError(msg, subject=name, code="name_taken")
        told = self._told(present(answer, "createAccessKey"))
        key = _minted(answer, told)
        if role is not None and told.get("role") and role_in(told["role"]) is not role:
            raise self._taken_back(name, not_after)
        return key

    def revoke(self, name: str, *, not_after: Instant | None = None) -> None:
        """End an access key, by its name.

        Raises:
            NotFoundError: There is none of that name.
            UnavailableError: The service finds nothing and still lists it; code
                ``still_listed``. Nothing was revoked.
        """
        answer = self._change("RevokeAccessKey", name, self._fields(name), not_after)
        if answer.status == _NOT_FOUND:
            raise self._missing(answer, name)
        present(answer, "revokeAccessKey")

    def _missing(self, answer: Answer, name: str) -> RotatorError:
        """Tell a key that is gone from a path that is: both answer 404, so look."""
        if not self.access_keys().named(name):
            msg = "there is no access key of this name"
            return NotFoundError(msg, subject=name)
        changed = api_changed(answer, "revokeAccessKey")
        msg = f"{changed}, or the listing that still shows the key is stale"
        return UnavailableError(msg, subject=name, code="still_listed", hint=changed.hint)

    def _fields(self, name: str) -> dict[str, str]:
        return {"keyName": name, "workspaceId": self._config.account}

    def _change(
        self, call: str, name: str, fields: Mapping[str, str], not_after: Instant | None
    ) -> Answer:
        method, path = _CALLS[call]
        template: str = getattr(self._config.paths, path)

        def asking(token: Token) -> HttpRequest:
            return HttpRequest(
                operation=f"cts:{call}",
                method=method,
                url=token.cts(self._config.path(template)),
                body=json_body(fields),
                subject=name,
            )

        return self._admission.change(Door.ADMIN, asking, not_after=not_after)

    def _is_taken(self, answer: Answer, name: str) -> bool:
        """Whether a name was refused as taken; a 400 may mean that or anything else."""
        is_unclear = answer.status == _BAD_REQUEST
        return answer.status == _CONFLICT or (is_unclear and bool(self.access_keys().named(name)))

    def _told(self, answer: Answer) -> Mapping[str, object]:
        """Read what a mint answers; the legacy interface answers the bare key."""
        if self._config.kind is ApiKind.LEGACY:
            return {"accessKey": text_of(answer).strip()}
        return object_of(answer)

    def _taken_back(self, name: str, not_after: Instant | None) -> RotatorError:
        """Revoke the key that we just made, and say why; nobody has its secret."""
        msg = "the service gave the new access key another role than was asked for"
        try:
            self.revoke(name, not_after=not_after)
        except NotFoundError:
            pass
        except RotatorError:
            # It stands, under a name that only we give: whoever looks next finds it.
            return OutcomeUnknownError(msg, subject=name, code="wrong_role")
        return RejectedError(msg + "; it was revoked again", subject=name, code="wrong_role")


def _minted(answer: Answer, told: Mapping[str, object]) -> MintedKey:
    text = told.get("accessKey")
    key_id = id_inside(text) if isinstance(text, str) else None
    if key_id is None:
        raise unusable(answer, "its body has no access key", code="key_unclear")
    born_at = time_in(told.get("createdAt")) or provider_time(answer) or answer.received_at
    material = KeyMaterial(key_id=key_id, secret=Secret(str(text)))
    return MintedKey(material=material, created_at=born_at)
