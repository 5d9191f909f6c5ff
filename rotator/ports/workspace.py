"""What operators do to a CipherStash workspace by hand, beside the machine.

Every method raises the classes of `rotator.errors` and nothing else. What changes
something is sent once; an answer that is missing is `OutcomeUnknownError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.core.ids import AccountId, KeyId
    from rotator.core.secret import KeyMaterial, Secret
    from rotator.core.workspace import AccessKey, AccessRole, Admitted, Client, Keyset


class AccessKeys(Protocol):
    """Its access keys; all of it needs a key of role `admin`."""

    def access_keys(self) -> Sequence[AccessKey]:
        """List the access keys, in the service's order."""
        ...

    def create_access_key(self, name: str, role: AccessRole) -> KeyMaterial:
        """Make an access key; its secret is in nobody's hands but the caller's.

        Raises:
            RejectedError: The name is taken.
        """
        ...

    def revoke_access_key(self, name: str) -> None:
        """End an access key by its name.

        Raises:
            NotFoundError: There is none of that name.
            RejectedError: It is the key by which we are admitted ourselves.
        """
        ...


class Keysets(Protocol):
    """Its keysets; all of it needs a key of role `control` or `admin`."""

    def keysets(self) -> Sequence[Keyset]:
        """List the keysets, disabled ones included."""
        ...

    def create_keyset(self, name: str, description: str) -> Keyset:
        """Make a keyset that nobody is granted yet."""
        ...

    def enable_keyset(self, keyset: str) -> None:
        """Make a disabled keyset usable again, by id."""
        ...

    def disable_keyset(self, keyset: str) -> None:
        """Make a keyset unusable for every client until it is enabled, by id."""
        ...


class KeysetGrants(Protocol):
    """Which client may use which keyset; all of it needs role `control` or `admin`."""

    def grant_keyset(self, keyset: str, client: KeyId) -> None:
        """Let a client use a keyset, both by id; no error if it may already."""
        ...

    def revoke_keyset(self, keyset: str, client: KeyId) -> None:
        """Take a keyset from a client, both by id; no error if it has none."""
        ...


class Clients(Protocol):
    """Its clients; making and deleting them needs a key of role `admin`."""

    def clients(self) -> Sequence[Client]:
        """List the clients, device-backed ones included."""
        ...

    def create_client(self, name: str, description: str, keyset: str | None) -> KeyMaterial:
        """Make a client that is bound to a keyset, by id; the default one if None."""
        ...

    def delete_client(self, client: KeyId) -> None:
        """Delete a client by id.

        Raises:
            NotFoundError: There is none.
        """
        ...


@runtime_checkable
class CanTryKeys(Protocol):
    """A workspace at whose entrance somebody's access key can be tried."""

    def try_access_key(self, key: Secret) -> Admitted:
        """Exchange a whole access key for a token, which counts as a use of the key.

        Args:
            key: The text ``CSAK<id>.<secret>``.

        Raises:
            AccessDeniedError: The key is not accepted.
            TransientError: The try could not be made; it says nothing of the key.
        """
        ...


@runtime_checkable
class Workspace(AccessKeys, CanTryKeys, Keysets, KeysetGrants, Clients, Protocol):
    """One workspace, entered with the keys that its configuration refers to.

    A call that needs another role than our key has is refused before it is sent.
    """

    @property
    def account(self) -> AccountId:
        """The workspace's id."""
        ...
