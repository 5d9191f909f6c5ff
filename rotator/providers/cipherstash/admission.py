"""Entering a workspace: a key of ours is exchanged for a token, and calls carry the token.

A token lives for 15 minutes and is used until 90 seconds before its end, as the
vendor's own clients do. The key is read anew at each exchange, so that its
successor is taken up by itself. What a key may not do is refused here, with the
reason, before anything but the exchange is sent.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.clients.http_answers import object_of, provider_time
from rotator.clients.http_messages import HttpRequest, bearer, json_body
from rotator.core.forms import id_inside
from rotator.core.workspace import AccessRole
from rotator.errors import AccessDeniedError, RejectedError, TransientError
from rotator.providers.cipherstash.config import SETTINGS, ApiKind
from rotator.providers.cipherstash.refusals import UNAUTHENTICATED, payable, present
from rotator.providers.cipherstash.tokens import Token, read_token, renewal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer
    from rotator.core.ids import Instant, KeyId
    from rotator.core.secret import Secret
    from rotator.ports.clock import Clock
    from rotator.providers.cipherstash.config import WorkspaceConfig


class Door(StrEnum):
    """What a call is for, and so with which of our keys it is made."""

    ADMIN = "admin"
    KEYSETS = "keysets"


_ADMITTED: Mapping[Door, frozenset[AccessRole]] = {
    Door.ADMIN: frozenset({AccessRole.ADMIN}),
    Door.KEYSETS: frozenset({AccessRole.ADMIN, AccessRole.CONTROL}),
}
_REASONS: Mapping[AccessRole, str] = {
    AccessRole.CONTROL: "a control key manages keysets only: it makes and ends neither access "
    "keys nor clients, and cannot authenticate cryptographic operations",
    AccessRole.MEMBER: "a member key encrypts and decrypts, and administers nothing",
}


@dataclass(slots=True)
class _Kept:
    """One door's token, until when it is used, and the lock under which it is renewed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: Token | None = None
    until: Instant | None = None


class Admission:
    """Sends requests with the right token; safe for threads."""

    def __init__(self, config: WorkspaceConfig, http: HttpClient, clock: Clock) -> None:
        """Prepare; sends nothing, and reads no key yet."""
        self.config = config
        self._http = http
        self._clock = clock
        self._kept = {door: _Kept() for door in Door}
        http.allow(config.entrance)

    def read(self, door: Door, asking: Callable[[Token], HttpRequest]) -> Answer:
        """Send what changes nothing; a token that is refused is renewed once.

        Args:
            door: What the call is for.
            asking: Makes the request; the token's header is put on it here.

        Returns:
            The answer, whatever its status except 401 and 402.

        Raises:
            AccessDeniedError: Our key is not accepted, or has the wrong role.
            TransientError: The workspace has to be paid for first.
            RejectedError: Our key is none, or is another workspace's.
        """
        token = self.token(door)
        answer = self._http.read(_authorised(asking(token), token))
        if answer.status == UNAUTHENTICATED:
            self.forget(token)
            token = self.token(door)
            answer = self._http.read(_authorised(asking(token), token))
        if answer.status == UNAUTHENTICATED:
            msg = f"{answer.operation} refuses a token that was just given"
            raise AccessDeniedError(msg, subject=answer.subject, code="token_refused")
        return payable(answer)

    def change(
        self, door: Door, asking: Callable[[Token], HttpRequest], *, not_after: Instant | None
    ) -> Answer:
        """Send what changes something, once; as `read`, but for a refused token.

        Raises:
            TransientError: The token was refused, so nothing was done; the next
                call is made with another one.
        """
        token = self.token(door)
        answer = self._http.change(_authorised(asking(token), token), not_after=not_after)
        if answer.status == UNAUTHENTICATED:
            self.forget(token)
            msg = f"{answer.operation} was refused with a token that should be good"
            raise TransientError(msg, subject=answer.subject, code="token_refused")
        return payable(answer)

    def token(self, door: Door) -> Token:
        """Return a token that is still good; raises as `read` does."""
        kept = self._kept[door]
        with kept.lock:
            if kept.token is None or kept.until is None or self._clock.now() >= kept.until:
                kept.token = kept.until = None
                kept.token, kept.until = self._enter(door)
            return kept.token

    def forget(self, token: Token) -> None:
        """Use a token no more."""
        for kept in self._kept.values():
            with kept.lock:
                if kept.token is token:
                    kept.token = kept.until = None

    def forget_key(self, key: KeyId) -> None:
        """Use no token of a key any more: the next call enters with the key of that time."""
        for kept in self._kept.values():
            with kept.lock:
                if kept.token is not None and kept.token.key_id == key:
                    kept.token = kept.until = None

    def own_key_id(self) -> KeyId | None:
        """Read which access key admits us; None where a person's token does."""
        return id_inside(self.config.admin().reveal())

    def own_key_ids(self) -> frozenset[KeyId]:
        """Read the ids of all keys that admit us, as they are configured at this moment."""
        control = self.config.control
        ids = {self.own_key_id(), id_inside(control().reveal()) if control else None}
        return frozenset(key for key in ids if key is not None)

    def exchange(self, key: Secret, *, subject: str) -> Token | None:
        """Exchange somebody's access key for a token; None if the key is not accepted.

        Raises:
            TransientError: The exchange could not be made, or has to be paid for.
            RejectedError: The answer has no token that can be read.
        """
        answer = self._authorise(key, subject)
        return None if answer is None else self._read(answer)

    def _enter(self, door: Door) -> tuple[Token, Instant | None]:
        setting, key = self._own_key(door)
        if id_inside(key.reveal()) is None:
            return self._as_person(setting, key), None
        answer = self._authorise(key, self.config.account)
        if answer is None:
            raise AccessDeniedError(
                f"the access key of {setting} is not accepted at {self.config.entrance}: "
                "it was revoked, is not whole, or is of another region",
                subject=self.config.account,
                code="admission_refused",
                hint=f"make one of role {_role_for(door)} for this workspace, and store it "
                f"where {SETTINGS}.{setting} points to",
            )
        token = self._read(answer)
        self._check_workspace(token, setting)
        self._check_role(token, door, setting)
        return token, renewal(token, provider_time(answer), answer.received_at)

    def _own_key(self, door: Door) -> tuple[str, Secret]:
        """Read the key for a door, with the setting that points to it."""
        control = self.config.control
        if door is Door.KEYSETS and control is not None:
            return "controlKey", control()
        return "adminKey", self.config.admin()

    def _as_person(self, setting: str, text: Secret) -> Token:
        """Take what is no access key for a person's token, where such are in use."""
        if self.config.kind is not ApiKind.LEGACY:
            raise RejectedError(
                f"what {setting} points to is no access key: it must read CSAK, an id, a dot, "
                "a secret",
                subject=self.config.account,
                code="malformed_key",
                hint="store the whole key there, without quotes, spaces or a variable's name",
            )
        return Token(bearer=text, cts_url=self.config.entrance)

    def _authorise(self, key: Secret, subject: str) -> Answer | None:
        config = self.config
        answer = self._http.read(
            HttpRequest(
                operation="cts:Authorise",
                method="POST",
                url=config.entrance.rstrip("/") + config.path(config.paths.authorise),
                body=json_body({"accessKey": key}),
                subject=subject,
            )
        )
        return None if answer.status == UNAUTHENTICATED else present(answer, "authorise")

    def _read(self, answer: Answer) -> Token:
        token = read_token(self.config, answer, object_of(answer))
        self._http.allow(token.cts_url)
        if token.zerokms_url:
            self._http.allow(token.zerokms_url)
        return token

    def _check_workspace(self, token: Token, setting: str) -> None:
        if token.workspace not in {None, self.config.account}:
            raise RejectedError(
                f"the access key of {setting} is of another workspace: {token.workspace}",
                subject=self.config.account,
                code="wrong_workspace",
                hint=f"store a key of this workspace where {SETTINGS}.{setting} points to",
            )

    def _check_role(self, token: Token, door: Door, setting: str) -> None:
        """Refuse a role that lacks the door's rights; an untold one the service will judge."""
        if token.role is None or token.role in _ADMITTED[door]:
            return
        raise AccessDeniedError(
            f"the access key of {setting} has the role {token.role}: {_REASONS[token.role]}",
            subject=self.config.account,
            code="wrong_role",
            hint=f"store a key of role {_role_for(door)} where {SETTINGS}.{setting} points to",
        )


def _role_for(door: Door) -> AccessRole:
    """Name the least role that a door admits."""
    return AccessRole.CONTROL if door is Door.KEYSETS else AccessRole.ADMIN


def _authorised(request: HttpRequest, token: Token) -> HttpRequest:
    return replace(request, headers={**request.headers, "authorization": bearer(token.bearer)})
