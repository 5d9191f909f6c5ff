"""The simulated workspace, and the secrets in which its keys are published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.character import PROD, WORKSPACE
from rotator.cli.demo.files import REGION
from rotator.cli.demo.vault.cast import LATE_TENANT, TENANT, VAULT
from rotator.simulators.aws.shapes import SecretSeed
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    KeysetSeed,
    WorkspaceSeed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.cli.demo.vault.cast import VaultKey
    from rotator.cli.demo.vendors import Vendors
    from rotator.simulators.cipherstash.shapes import SeededWorkspace

_DAY: Final = 86_400
CRN_FIELD: Final = "CS_WORKSPACE_CRN"
KEY_FIELD: Final = "CS_CLIENT_ACCESS_KEY"
ID_FIELD: Final = "CS_CLIENT_ID"
PAIR_FIELD: Final = "CS_CLIENT_KEY"
"""What the fields of a bundle are called."""

_OWN, *_OTHERS = VAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultEstate:
    """What was seeded.

    Attributes:
        workspace: Its keys and clients of the first day.
        values: By name: the text of each secret on the first day.
    """

    workspace: SeededWorkspace
    values: Mapping[str, str]


def seed_vault(vendors: Vendors) -> VaultEstate:
    """Fill the workspace, and publish its keys in the first account."""
    estate = vault_estate(vendors.stash.seed(WORKSPACE_SEED))
    vendors.aws.seed(
        PROD,
        secrets=[
            SecretSeed(name=name, value=text, region=REGION) for name, text in estate.values.items()
        ],
    )
    return estate


def vault_estate(workspace: SeededWorkspace) -> VaultEstate:
    """Write the text of every secret; a key and a client that share one stand in it together."""
    fields: dict[str, dict[str, str]] = {}
    for member in VAULT:
        if member.secret:
            found = fields.setdefault(member.secret, {CRN_FIELD: workspace.crn})
            found.update(_published(workspace, member))
    values = {name: json.dumps(found) for name, found in fields.items()}
    return VaultEstate(workspace=workspace, values=values)


def _access_key(member: VaultKey) -> AccessKeySeed:
    return AccessKeySeed(name=member.name, role=member.role, age_seconds=member.age_days * _DAY)


def _client(member: VaultKey) -> ClientSeed:
    return ClientSeed(
        name=member.name,
        keysets=member.keysets,
        client_type="device" if member.is_device else "application",
        age_seconds=member.age_days * _DAY,
    )


def _published(workspace: SeededWorkspace, member: VaultKey) -> dict[str, str]:
    if member.is_client:
        client = workspace.clients[member.name]
        return {ID_FIELD: client.id, PAIR_FIELD: client.client_key}
    key = workspace.admin if member is _OWN else workspace.access_keys[member.name]
    return {KEY_FIELD: key.access_key}


WORKSPACE_SEED: Final = WorkspaceSeed(
    workspace_id=WORKSPACE,
    admin=_access_key(_OWN),
    access_keys=tuple(_access_key(item) for item in _OTHERS if not item.is_client),
    keysets=tuple(KeysetSeed(name=name) for name in (TENANT, LATE_TENANT)),
    clients=tuple(_client(item) for item in _OTHERS if item.is_client),
)
"""What the workspace begins with."""
