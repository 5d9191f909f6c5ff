"""How one workspace is entered, and what its service is like.

What is unknown about the service is a setting here, under ``cipherstash.workspaces[]``
in `rotator.yaml`; messages about such a thing name the setting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.core.ids import AccountId
    from rotator.core.secret import Secret
    from rotator.core.workspace import AccessRole

ACCESS_KEYS: Final = "cipherstash-access-key"
CLIENT_KEYS: Final = "cipherstash-client-key"

SETTINGS: Final = "cipherstash.workspaces[]"

_LEGACY_URL = "https://console.cipherstash.com"


class ApiKind(StrEnum):
    """Which of the vendor's two interfaces a workspace lives behind."""

    CURRENT = "current"
    LEGACY = "legacy"


class KeysetReference(StrEnum):
    """How a keyset's id is written in requests: ``{"Uuid": id}``, or the id alone."""

    TYPED = "typed"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the token service's calls are; ``{workspace}`` stands for the workspace's id."""

    authorise: str = "/api/authorise"
    list_access_keys: str = "/api/access-keys"
    create_access_key: str = "/api/access-keys"
    revoke_access_key: str = "/api/access-key"


_USUAL_PATHS = {
    ApiKind.CURRENT: Paths(),
    ApiKind.LEGACY: Paths(
        list_access_keys="/api/access-keys/{workspace}", create_access_key="/api/access-key"
    ),
}


def usual_paths(kind: ApiKind) -> Paths:
    """Return the paths that an interface was last seen with."""
    return _USUAL_PATHS[kind]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkspaceConfig:
    """One workspace, as the wiring hands it over; plan mode is the transport's `read_only`.

    Attributes:
        account: The workspace's id.
        region: With its cloud, such as ``ap-southeast-2.aws``; may be empty where
            `cts_url` is given or the interface is the legacy one.
        cts_url: Where tokens and access keys are; None derives it from `region`
            and then calls for access keys go where the token says.
        zerokms_url: Where clients and keysets are; None takes the token's word.
        paths: The token service's calls.
        admin: Reads the access key of role `admin` that we enter with. Called at
            each exchange for a token, so that a successor is taken up by itself.
        control: Reads the key of role `control` for keyset commands; None uses `admin`.
        roles: Which role access keys have where the service does not tell: globs
            of their names without our ending, the first match counts.
        lists_own_key: Whether a listing of access keys has the one that asks for it; then
            one that lacks it is not believed.
        client_keysets_field: Field of a listed client that holds all its keysets;
            None knows the usual ones.
        keyset_reference: How a keyset's id is written in requests.
        list_lag: How stale a listing may be.
        token_lifetime: How long a token works; of the uses of a key only the
            exchange for a token is seen.
        request_window: How long after it was sent a request may still land.
    """

    account: AccountId
    admin: Callable[[], Secret] = field(repr=False)
    control: Callable[[], Secret] | None = field(default=None, repr=False)
    region: str = ""
    kind: ApiKind = ApiKind.CURRENT
    cts_url: str | None = None
    zerokms_url: str | None = None
    paths: Paths = field(default_factory=Paths)
    roles: tuple[tuple[str, AccessRole], ...] = ()
    lists_own_key: bool = True
    client_keysets_field: str | None = None
    keyset_reference: KeysetReference = KeysetReference.TYPED
    list_lag: timedelta = timedelta(seconds=60)
    token_lifetime: timedelta = timedelta(minutes=15)
    request_window: timedelta = timedelta(seconds=60)

    @property
    def entrance(self) -> str:
        """The base URL at which keys are exchanged for tokens."""
        if self.cts_url is not None:
            return self.cts_url
        if self.kind is ApiKind.LEGACY:
            return _LEGACY_URL
        return f"https://{self.region}.cts.cipherstashmanaged.net"

    def path(self, template: str) -> str:
        """Fill the workspace's id into one of `paths`."""
        return template.replace("{workspace}", self.account)

    def role_of(self, name: str) -> AccessRole | None:
        """Return the role that the settings give to keys of a name; None if none does."""
        return next((role for glob, role in self.roles if fnmatchcase(name, glob)), None)
