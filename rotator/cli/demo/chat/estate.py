"""The simulated Stage5 workspace, and the secrets in which its access keys are published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.character import CHAT_WORKSPACE, PROD
from rotator.cli.demo.chat.cast import INTEGRATIONS, STAGE5
from rotator.cli.demo.files import REGION
from rotator.simulators.aws.shapes import SecretSeed
from rotator.simulators.stage5.shapes import AccessKeySeed, FaultKind, FaultRule, WorkspaceSeed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.cli.demo.chat.cast import ChatKey
    from rotator.cli.demo.vendors import Vendors
    from rotator.simulators.stage5.shapes import SeededAccessKey, SeededWorkspace

_DAY: Final = 86_400
ID_FIELD: Final = "STAGE5_ACCESS_KEY_ID"
KEY_FIELD: Final = "STAGE5_ACCESS_KEY"
"""What the fields of a secret are called."""

_OWN, *_OTHERS = STAGE5
_FIRST_MINT_IS_LOST: Final = FaultRule(kind=FaultKind.LOSE_ANSWER, operation="create-access-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEstate:
    """What was seeded.

    Attributes:
        workspace: Its projects, and its keys of the first day.
        values: By name: the text of each secret on the first day.
    """

    workspace: SeededWorkspace
    values: Mapping[str, str]

    def first(self, member: ChatKey) -> SeededAccessKey:
        """Return the key with which a line began."""
        return first_of(self.workspace, member)


def seed_chat(vendors: Vendors) -> ChatEstate:
    """Fill the workspace, and publish its keys in the first account."""
    estate = chat_estate(vendors.stage5.seed(CHAT_SEED))
    vendors.aws.seed(
        PROD,
        secrets=[
            SecretSeed(name=name, value=text, region=REGION) for name, text in estate.values.items()
        ],
    )
    vendors.stage5.add_fault(_FIRST_MINT_IS_LOST)
    return estate


def chat_estate(workspace: SeededWorkspace) -> ChatEstate:
    """Write the text of every secret."""
    keys = {item.secret: first_of(workspace, item) for item in STAGE5 if item.secret}
    values = {
        name: json.dumps({ID_FIELD: key.id, KEY_FIELD: key.key}) for name, key in keys.items()
    }
    return ChatEstate(workspace=workspace, values=values)


def first_of(workspace: SeededWorkspace, member: ChatKey) -> SeededAccessKey:
    """Return the key of a line that was seeded."""
    return workspace.admin if member is _OWN else workspace.access_keys[member.name]


def _access_key(member: ChatKey) -> AccessKeySeed:
    ends = member.ends_on_day
    return AccessKeySeed(
        name=member.name,
        scopes=member.scopes,
        age_seconds=member.age_days * _DAY,
        expires_in_seconds=None if ends is None else ends * _DAY,
    )


CHAT_SEED: Final = WorkspaceSeed(
    workspace_id=CHAT_WORKSPACE,
    admin=_access_key(_OWN),
    projects=tuple(item.project for item in INTEGRATIONS),
    access_keys=tuple(_access_key(item) for item in _OTHERS),
)
"""What the workspace begins with."""
