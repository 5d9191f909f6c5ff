"""ZeroKMS: clients, and the halves of their keys that are told once."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.proxy_keys import new_proxy_key
from rotator.simulators.cipherstash.refusals import not_found
from rotator.simulators.cipherstash.visits import Done
from rotator.simulators.cipherstash.workspaces import Client, Lifetime

if TYPE_CHECKING:
    from datetime import datetime

    from rotator.simulators.cipherstash.shapes import ClientType
    from rotator.simulators.cipherstash.visits import Visit
    from rotator.simulators.cipherstash.world import World


def create_client(visit: Visit) -> Done:
    """Make a client, bound to the keyset that is named, or else to the default one."""
    name, described = visit.fields.text("name"), visit.fields.text("description")
    if visit.fields.identity("keyset_id"):
        visit.caller.must("keyset:grant")
        bound = visit.keyset().id
    else:
        bound = visit.workspace.default_keyset.id
    kind: ClientType = "device" if visit.fields.told("client_type") == "device" else "application"
    client = new_client(visit.world, name=name, description=described, kind=kind, bound=bound)
    client.grant(bound, visit.world.now())
    visit.workspace.clients[client.id] = client
    told = {
        "id": client.id,
        "dataset_id": bound,
        "name": name,
        "description": described,
        "client_key": b64encode(client.key.to_bytes()).decode(),
    }
    return Done(value=told, subject=client.id)


def list_clients(visit: Visit) -> Done:
    """Tell the clients and the keysets that each can reach, or only those of one keyset."""
    at = visit.world.listed_at()
    clients = [client for client in visit.workspace.clients.values() if client.life.covers(at)]
    if visit.fields.identity("keyset_id"):
        wanted = visit.keyset().id
        clients = [client for client in clients if wanted in client.granted(at)]
    return Done(value=[_row(visit, client, at) for client in clients])


def delete_client(visit: Visit) -> Done:
    """End a client, and with it all its grants; other clients and all data stay."""
    client, now = visit.client(), visit.world.now()
    if client.life.ends_at is not None:
        raise not_found(client.id)
    client.life.ends_at = now
    return Done(value={}, subject=client.id)


def new_client(
    world: World,
    *,
    name: str,
    description: str,
    kind: ClientType,
    bound: str,
    client_id: str | None = None,
) -> Client:
    """Make a client that no workspace knows yet."""
    return Client(
        id=client_id or world.dice.uuid(),
        name=name,
        description=description,
        kind=kind,
        key=new_proxy_key(world.dice.draw, mark=world.settings.secret_mark),
        bound=bound,
        life=Lifetime(begins_at=world.now()),
    )


def _row(visit: Visit, client: Client, at: datetime) -> dict[str, object]:
    settings = visit.world.settings
    row: dict[str, object] = {
        "id": client.id,
        "name": client.name,
        "description": client.description,
    }
    if settings.flags_devices:
        row["client_type"] = client.kind
    granted = client.granted(at)
    if settings.client_listing == "keysets":
        names = {keyset.id: keyset.name for keyset in visit.workspace.keysets.values()}
        return {**row, "keysets": [{"id": keyset, "name": names[keyset]} for keyset in granted]}
    row["dataset_id"] = client.bound or None
    return row if settings.client_listing == "dataset_id" else {**row, "keyset_ids": granted}
