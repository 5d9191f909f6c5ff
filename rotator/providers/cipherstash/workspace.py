"""A workspace by hand: what operators do there beside the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.core.forms import id_inside
from rotator.core.workspace import Admitted
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError
from rotator.providers.cipherstash.config import SETTINGS, ApiKind
from rotator.providers.cipherstash.cts import Cts
from rotator.providers.cipherstash.zerokms import ZeroKms

if TYPE_CHECKING:
    from rotator.core.ids import AccountId, KeyId
    from rotator.core.secret import KeyMaterial, Secret
    from rotator.core.workspace import AccessKey, AccessRole, Client, Keyset
    from rotator.providers.cipherstash.admission import Admission


class CipherStashWorkspace:
    """A `Workspace` that can try keys; its calls are the providers', with the same errors."""

    def __init__(self, admission: Admission) -> None:
        """Enter by this admission; sends nothing yet."""
        self._admission = admission
        self._cts = Cts(admission)
        self._zerokms = ZeroKms(admission)

    @property
    def account(self) -> AccountId:
        """The workspace's id."""
        return self._admission.config.account

    def access_keys(self) -> tuple[AccessKey, ...]:
        """List the access keys, in the service's order."""
        return tuple(row.key for row in self._cts.access_keys().rows)

    def create_access_key(self, name: str, role: AccessRole) -> KeyMaterial:
        """Make an access key; behind the legacy interface keys have no roles."""
        is_legacy = self._admission.config.kind is ApiKind.LEGACY
        return self._cts.create(name, None if is_legacy else role).material

    def revoke_access_key(self, name: str) -> None:
        """End an access key by its name, unless it admits us."""
        rows = self._cts.access_keys().named(name)
        if not rows:
            raise NotFoundError("there is no access key of this name", subject=name)
        own = self._admission.own_key_ids()
        if any(row.key.key_id in own for row in rows):
            raise RejectedError(
                "this is the access key by which rotator itself is admitted",
                subject=name,
                code="own_key",
                hint=f"store its successor where {SETTINGS}.adminKey or controlKey points to",
            )
        for row in rows:
            # A token of its own must not be what revokes it: its successor's is.
            self._admission.forget_key(row.key.key_id)
        self._cts.revoke(name)

    def try_access_key(self, key: Secret) -> Admitted:
        """Exchange a key for a token, and forget the token.

        Raises:
            RejectedError: The text is no whole key; nothing was sent.
        """
        key_id = id_inside(key.reveal())
        if key_id is None:
            raise RejectedError(
                "this is no access key: it must read CSAK, its id, a dot, its secret",
                subject=self.account,
                code="malformed_key",
            )
        token = self._admission.exchange(key, subject=key_id)
        if token is None:
            raise AccessDeniedError(
                "the access key is not accepted: it was revoked, or is not whole",
                subject=key_id,
                code="unauthenticated",
            )
        return Admitted(
            workspace=token.workspace or self.account,
            key_id=token.key_id or key_id,
            role=token.role,
        )

    def keysets(self) -> tuple[Keyset, ...]:
        """List the keysets, disabled ones included."""
        return self._zerokms.keysets()

    def create_keyset(self, name: str, description: str) -> Keyset:
        """Make a keyset that nobody is granted yet."""
        return self._zerokms.create_keyset(name, description)

    def grant_keyset(self, keyset: str, client: KeyId) -> None:
        """Let a client use a keyset."""
        self._zerokms.grant(client, keyset)

    def revoke_keyset(self, keyset: str, client: KeyId) -> None:
        """Take a keyset from a client."""
        self._zerokms.revoke(client, keyset)

    def enable_keyset(self, keyset: str) -> None:
        """Make a disabled keyset usable again."""
        self._zerokms.enable_keyset(keyset)

    def disable_keyset(self, keyset: str) -> None:
        """Make a keyset unusable for every client until it is enabled."""
        self._zerokms.disable_keyset(keyset)

    def clients(self) -> tuple[Client, ...]:
        """List the clients, device-backed ones included."""
        return tuple(row.client for row in self._zerokms.clients().rows)

    def create_client(self, name: str, description: str, keyset: str | None) -> KeyMaterial:
        """Make a client that is bound to a keyset."""
        return self._zerokms.create_client(name, description, keyset).material

    def delete_client(self, client: KeyId) -> None:
        """Delete a client."""
        self._zerokms.delete_client(client)
