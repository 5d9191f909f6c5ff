"""A fake CipherStash workspace, and the truth about it: keys, keysets, clients, grants.

Roles are enforced, names of access keys and keysets are unique, a deleted client is
gone from every keyset. Requests go over a `Wire`, which can be cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from rotator.core.ids import AccountId, Instant, KeyId
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.workspace import AccessKey, AccessRole, Admitted, Client, Keyset
from rotator.errors import AccessDeniedError, NotFoundError, RejectedError
from rotator.testing.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.ports.clock import Clock

ResultT = TypeVar("ResultT")

WORKSPACE = AccountId("ZVATKW3VHMFG27DY")

_ADMIN = frozenset({AccessRole.ADMIN})
_KEYSETS = frozenset({AccessRole.ADMIN, AccessRole.CONTROL})
_DEFAULT = "default"
_LONGEST_DESCRIPTION = 256


@dataclass(slots=True)
class FakeWorkspace:
    """A `Workspace` whose whole truth lies open.

    Attributes:
        clock: The true time.
        account: Its id.
        role: The role of the key that we enter with.
        own_name: The name of that key.
        wire: Carries the requests.
        keys: Every access key, by its name.
        secrets: The whole text of every access key that still works, by its id.
        sets: Every keyset, by its id.
        members: Every client, by its id.
        does_tell_grants: Whether listings of clients say what each is granted.
    """

    clock: Clock
    account: AccountId = WORKSPACE
    role: AccessRole = AccessRole.ADMIN
    own_name: str = "rotator-admin"
    wire: Wire = field(init=False)
    keys: dict[str, AccessKey] = field(default_factory=dict)
    secrets: dict[KeyId, str] = field(default_factory=dict)
    sets: dict[str, Keyset] = field(default_factory=dict)
    members: dict[KeyId, Client] = field(default_factory=dict)
    does_tell_grants: bool = True
    _made: int = 0

    def __post_init__(self) -> None:
        """Begin with the default keyset, as every workspace does."""
        self.wire = Wire(clock=self.clock)
        self._add_keyset(_DEFAULT, "", is_default=True)

    def access_keys(self) -> tuple[AccessKey, ...]:
        """List the access keys."""
        return self._read("access_keys", _ADMIN, lambda: tuple(self.keys.values()))

    def create_access_key(self, name: str, role: AccessRole) -> KeyMaterial:
        """Make an access key, or refuse a name that is taken."""
        return self._write(
            "create_access_key", _ADMIN, lambda at: self.add_access_key(name, role, at)
        )

    def revoke_access_key(self, name: str) -> None:
        """End an access key, but for our own."""
        self._write("revoke_access_key", _ADMIN, lambda _: self._revoke_access_key(name))

    def try_access_key(self, key: Secret) -> Admitted:
        """Let a key that works in, and note its use."""
        return self._read("try_access_key", frozenset(AccessRole), lambda: self._admit(key))

    def keysets(self) -> tuple[Keyset, ...]:
        """List the keysets."""
        return self._read("keysets", _KEYSETS, lambda: tuple(self.sets.values()))

    def create_keyset(self, name: str, description: str) -> Keyset:
        """Make a keyset, or refuse a name that is taken."""
        return self._write(
            "create_keyset", _KEYSETS, lambda _: self._add_keyset(name, _described(description))
        )

    def enable_keyset(self, keyset: str) -> None:
        """Make a keyset usable."""
        self._write("enable_keyset", _KEYSETS, lambda _: self._switch(keyset, is_disabled=False))

    def disable_keyset(self, keyset: str) -> None:
        """Make a keyset unusable."""
        self._write("disable_keyset", _KEYSETS, lambda _: self._switch(keyset, is_disabled=True))

    def grant_keyset(self, keyset: str, client: KeyId) -> None:
        """Let a client use a keyset."""
        self._write(
            "grant_keyset",
            _KEYSETS,
            lambda _: self._regrant(client, self.granted(client) | {keyset}),
        )

    def revoke_keyset(self, keyset: str, client: KeyId) -> None:
        """Take a keyset from a client."""
        self._write(
            "revoke_keyset",
            _KEYSETS,
            lambda _: self._regrant(client, self.granted(client) - {keyset}),
        )

    def clients(self) -> tuple[Client, ...]:
        """List the clients; without their grants where the service does not tell them."""
        return self._read("clients", _KEYSETS, self._listed_clients)

    def create_client(self, name: str, description: str, keyset: str | None) -> KeyMaterial:
        """Make a client that is bound to a keyset."""
        return self._write(
            "create_client",
            _ADMIN,
            lambda _: self.add_client(name, keyset, _described(description)),
        )

    def delete_client(self, client: KeyId) -> None:
        """Delete a client."""

        def effect(_: Instant) -> None:
            self._client(client)
            del self.members[client]

        self._write("delete_client", _ADMIN, effect)

    # ------------------------------------------------------------------- the truth

    def add_access_key(
        self, name: str, role: AccessRole = AccessRole.MEMBER, at: Instant | None = None
    ) -> KeyMaterial:
        """Make an access key without a request."""
        if name in self.keys:
            raise RejectedError("the name is taken", subject=name, code="conflict")
        key_id = KeyId(f"FAKEACCESSKEY{self._number():03}")
        self.keys[name] = AccessKey(
            key_id=key_id, name=name, created_at=at or self.clock.now(), role=role
        )
        self.secrets[key_id] = f"CSAK{key_id}.{'S' * 48}"
        return KeyMaterial(key_id=key_id, secret=Secret(self.secrets[key_id]))

    def add_keyset(self, name: str) -> str:
        """Make a keyset without a request; return its id."""
        return self._add_keyset(name, "").id

    def add_client(
        self,
        name: str,
        keyset: str | None = None,
        description: str = "",
        *,
        is_device: bool = False,
    ) -> KeyMaterial:
        """Make a client without a request."""
        bound = keyset or next(it.id for it in self.sets.values() if it.is_default)
        self._keyset(bound)
        client = KeyId(str(UUID(int=0xC << 64 | self._number())))
        self.members[client] = Client(
            client_id=client,
            name=name,
            description=description,
            bound=bound,
            grants=frozenset({bound}),
            is_device=is_device,
        )
        return KeyMaterial(key_id=client, secret=Secret(f"a4{self._made:0334x}"))

    def granted(self, client: KeyId) -> frozenset[str]:
        """Tell what a client is really granted."""
        return self._client(client).grants or frozenset()

    def _read(
        self, method: str, roles: frozenset[AccessRole], answer: Callable[[], ResultT]
    ) -> ResultT:
        self._enter(method, roles)
        return self.wire.read(method, lambda _: answer())

    def _write(
        self, method: str, roles: frozenset[AccessRole], effect: Callable[[Instant], ResultT]
    ) -> ResultT:
        self._enter(method, roles)
        return self.wire.write(method, effect, not_after=None)

    def _enter(self, method: str, roles: frozenset[AccessRole]) -> None:
        if self.role not in roles:
            raise AccessDeniedError("our key has another role", subject=method, code="wrong_role")

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _admit(self, key: Secret) -> Admitted:
        found = next((it for it in self.keys.values() if self._is_text_of(it, key)), None)
        if found is None:
            raise AccessDeniedError("the key is not accepted", code="unauthenticated")
        self.keys[found.name] = replace(found, last_used_at=self.clock.now())
        return Admitted(workspace=self.account, key_id=found.key_id, role=found.role)

    def _is_text_of(self, key: AccessKey, text: Secret) -> bool:
        return self.secrets[key.key_id] == text.reveal()

    def _revoke_access_key(self, name: str) -> None:
        if name == self.own_name:
            raise RejectedError("we are admitted by this key", subject=name, code="own_key")
        if name not in self.keys:
            raise NotFoundError("no such access key", subject=name)
        del self.secrets[self.keys.pop(name).key_id]

    def _add_keyset(self, name: str, description: str, *, is_default: bool = False) -> Keyset:
        if any(it.name == name for it in self.sets.values()):
            raise RejectedError("the name is taken", subject=name, code="conflict")
        made = Keyset(
            id=str(UUID(int=0xA << 64 | self._number())),
            name=name,
            description=description,
            is_default=is_default,
        )
        self.sets[made.id] = made
        return made

    def _switch(self, keyset: str, *, is_disabled: bool) -> None:
        self.sets[keyset] = replace(self._keyset(keyset), is_disabled=is_disabled)

    def _regrant(self, client: KeyId, grants: frozenset[str]) -> None:
        for keyset in grants:
            self._keyset(keyset)
        self.members[client] = replace(self._client(client), grants=grants)

    def _listed_clients(self) -> tuple[Client, ...]:
        found = self.members.values()
        if self.does_tell_grants:
            return tuple(found)
        return tuple(replace(it, grants=None) for it in found)

    def _keyset(self, keyset: str) -> Keyset:
        if keyset not in self.sets:
            raise NotFoundError("no such keyset", subject=keyset)
        return self.sets[keyset]

    def _client(self, client: KeyId) -> Client:
        if client not in self.members:
            raise NotFoundError("no such client", subject=client)
        return self.members[client]


def _described(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST_DESCRIPTION:
        raise RejectedError("a description has 1 to 256 characters", code="invalid")
    return text
