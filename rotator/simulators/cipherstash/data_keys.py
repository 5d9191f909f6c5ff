"""ZeroKMS: the keys of data, which a client finishes with its own half."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.keysets import told_of
from rotator.simulators.cipherstash.proxy_keys import BLOCK, SIZE
from rotator.simulators.cipherstash.refusals import RefusalError, malformed, not_found
from rotator.simulators.cipherstash.visits import Done

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.fields import Fields
    from rotator.simulators.cipherstash.visits import Visit
    from rotator.simulators.cipherstash.workspaces import Client, Keyset

INDEX_IV = bytes(BLOCK)
"""From which the key of search terms is made."""
_TAG_BYTES = 16


def load_keyset(visit: Visit) -> Done:
    """Open a keyset: who it is, and the key of its search terms."""
    client, keyset = _opened(visit)
    sent = client.key.backward(_target(keyset, INDEX_IV, ""), INDEX_IV)
    told = {"partial_index_key": {"key_material": _encoded(sent)}, "dataset": told_of(keyset)}
    return Done(value=told, subject=keyset.id)


def generate_data_key(visit: Visit) -> Done:
    """Give new data keys, as many as were asked for."""
    client, keyset = _opened(visit)
    keys = []
    for asked in visit.fields.objects("keys"):
        told = _material(client, keyset, asked)
        tag = hashlib.sha256(told["key_material"].encode()).digest()[:_TAG_BYTES]
        keys.append({**told, "tag": _encoded(tag)})
    return Done(value={"keys": keys}, subject=keyset.id)


def retrieve_data_key(visit: Visit) -> Done:
    """Give data keys again."""
    client, keyset = _opened(visit)
    asked = visit.fields.objects("keys")
    return Done(value={"keys": [_material(client, keyset, key) for key in asked]})


def retrieve_data_key_fallible(visit: Visit) -> Done:
    """Give data keys again, each with a verdict of its own."""
    client, keyset = _opened(visit)
    asked = visit.fields.objects("keys")
    return Done(value={"keys": [{"Ok": _material(client, keyset, key)} for key in asked]})


def _opened(visit: Visit) -> tuple[Client, Keyset]:
    client, now = visit.client(), visit.world.now()
    keyset = _wanted(visit, client)
    if not client.may_use(keyset.id, now, visit.world.settings):
        raise not_found(keyset.id)
    if keyset.is_disabled:
        raise RefusalError(403, f"Keyset disabled: {keyset.id}")
    client.uses.at.append(now)
    return client, keyset


def _wanted(visit: Visit, client: Client) -> Keyset:
    named = visit.fields.identity("keyset_id") or visit.fields.identity("dataset_id")
    if not named and not client.bound:
        raise RefusalError(404, f"Client ({client.id}) has no default keyset")
    found = visit.workspace.keyset(named or client.bound)
    if found is None:
        raise not_found(named)
    return found


def _material(client: Client, keyset: Keyset, asked: Fields) -> dict[str, str]:
    iv = _decoded(asked.text("iv"))
    if len(iv) != BLOCK:
        raise malformed(f"`iv` is not of {BLOCK} bytes in base64")
    target = _target(keyset, iv, asked.text("descriptor"))
    return {"key_material": _encoded(client.key.backward(target, iv))}


def _target(keyset: Keyset, iv: bytes, descriptor: str) -> bytes:
    """Return where every client of the keyset arrives."""
    return hashlib.shake_256(keyset.root + iv + descriptor.encode()).digest(SIZE)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _encoded(data: bytes) -> str:
    return b64encode(data).decode()
