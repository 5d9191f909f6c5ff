"""What CipherStash does: every operation, its path, and the scope that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash import access_keys, client_keys, data_keys, keysets
from rotator.simulators.cipherstash.addresses import Service
from rotator.simulators.cipherstash.refusals import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.simulators.cipherstash.addresses import Address
    from rotator.simulators.cipherstash.visits import Done, Visit

AUTHORISE = "authorise"
_CTS = frozenset({Service.CTS})
_BOTH = frozenset({Service.CTS, Service.CONSOLE})
_ZEROKMS = frozenset({Service.ZEROKMS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        scope: What the token must allow; empty when any token will do.
        perform: Does it; None for `AUTHORISE`, which needs no token.
        takes_argument: A path may go on after a slash.
    """

    name: str
    services: frozenset[Service]
    method: str
    path: str
    scope: str = ""
    perform: Callable[[Visit], Done] | None = None
    takes_argument: bool = False


def _key_operations() -> tuple[Operation, ...]:
    return (
        Operation(name=AUTHORISE, services=_BOTH, method="POST", path="/api/authorise"),
        Operation(name=AUTHORISE, services=_BOTH, method="POST", path="/api/authorize"),
        Operation(
            name="list-workspaces",
            services=_CTS,
            method="GET",
            path="/api/workspaces",
            perform=access_keys.list_workspaces,
        ),
        Operation(
            name="create-access-key",
            services=_CTS,
            method="POST",
            path="/api/access-keys",
            scope="access_key:create",
            perform=access_keys.create_access_key,
        ),
        Operation(
            name="create-access-key-text",
            services=_BOTH,
            method="POST",
            path="/api/access-key",
            scope="access_key:create",
            perform=access_keys.create_access_key_text,
        ),
        Operation(
            name="list-access-keys",
            services=_BOTH,
            method="GET",
            path="/api/access-keys",
            scope="access_key:list",
            perform=access_keys.list_access_keys,
            takes_argument=True,
        ),
        Operation(
            name="revoke-access-key",
            services=_BOTH,
            method="DELETE",
            path="/api/access-key",
            scope="access_key:delete",
            perform=access_keys.revoke_access_key,
        ),
    )


def _zerokms(name: str, scope: str, perform: Callable[[Visit], Done]) -> Operation:
    return Operation(
        name=name,
        services=_ZEROKMS,
        method="POST",
        path=f"/{name}",
        scope=scope,
        perform=perform,
    )


OPERATIONS = (
    *_key_operations(),
    _zerokms("create-client", "client:create", client_keys.create_client),
    _zerokms("list-clients", "client:list", client_keys.list_clients),
    _zerokms("delete-client", "client:delete", client_keys.delete_client),
    _zerokms("create-keyset", "keyset:create", keysets.create_keyset),
    _zerokms("list-keysets", "keyset:list", keysets.list_keysets),
    _zerokms("grant-keyset", "keyset:grant", keysets.grant_keyset),
    _zerokms("revoke-keyset", "keyset:revoke", keysets.revoke_keyset),
    _zerokms("enable-keyset", "keyset:enable", keysets.enable_keyset),
    _zerokms("disable-keyset", "keyset:disable", keysets.disable_keyset),
    _zerokms("modify-keyset", "keyset:modify", keysets.modify_keyset),
    _zerokms("load-keyset", "data_key:retrieve", data_keys.load_keyset),
    _zerokms("load-dataset", "data_key:retrieve", data_keys.load_keyset),
    _zerokms("generate-data-key", "data_key:generate", data_keys.generate_data_key),
    _zerokms("retrieve-data-key", "data_key:retrieve", data_keys.retrieve_data_key),
    _zerokms(
        "retrieve-data-key-fallible", "data_key:retrieve", data_keys.retrieve_data_key_fallible
    ),
)


def find_operation(
    address: Address, method: str, moved: Mapping[str, str]
) -> tuple[Operation, str] | RefusalError:
    """Return what is asked for and the rest of the path, or why nobody serves it."""
    is_known = False
    for operation in OPERATIONS:
        path = moved.get(operation.name, operation.path)
        is_here = address.path == path
        if operation.takes_argument and address.path.startswith(f"{path}/"):
            is_here = True
        if address.service not in operation.services or not is_here:
            continue
        is_known = True
        if operation.method == method:
            return operation, address.path[len(path) :].strip("/")
    return RefusalError(405, "Method Not Allowed") if is_known else RefusalError(404, "Not Found")
