"""The truth in the Stage5 workspace on the last day, against what was to be expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.cli.demo.character import Ends
from rotator.cli.demo.chat.cast import STAGE5
from rotator.cli.demo.chat.estate import ID_FIELD, KEY_FIELD
from rotator.core.lineages import lineage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rotator.cli.demo.chat.cast import ChatKey
    from rotator.cli.demo.chat.estate import ChatEstate
    from rotator.simulators.stage5.shapes import AccessKeyState, WorkspaceState


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTruth:
    """What is there.

    Attributes:
        values: By name: the text of each secret that publishes a key of the workspace.
        is_refused: Tries a key at the door.
    """

    workspace: WorkspaceState
    values: Mapping[str, str]
    estate: ChatEstate
    is_refused: Callable[[str], bool]

    def ended(self) -> int:
        """Count the old keys that were replaced, and are refused when they are tried."""
        replaced = (item for item in STAGE5 if item.ends is Ends.ROTATED)
        return sum(self._is_over(item) for item in replaced)

    def faults(self, member: ChatKey) -> Iterator[str]:
        """Name what is lost, left over, or touched although it is not ours to touch."""
        if member.ends is Ends.ROTATED:
            yield from self._replaced(member)
        elif self._is_over(member):
            yield f"{self.estate.first(member).id}, which is not ours to touch, was touched"

    def _replaced(self, member: ChatKey) -> Iterator[str]:
        found = json.loads(self.values[member.secret])
        published = found.get(ID_FIELD), found.get(KEY_FIELD), member.scopes
        if [(key.id, key.key, key.scopes) for key in self._living(member)] != [published]:
            yield "the published key is not the one and only key, with its scopes"
        if not self._is_over(member):
            yield "the old key is still let in"

    def _is_over(self, member: ChatKey) -> bool:
        return self.is_refused(self.estate.first(member).key)

    def _living(self, member: ChatKey) -> list[AccessKeyState]:
        return [
            key
            for key in self.workspace.access_keys
            if lineage(key.name).base == member.name and key.revoked_at is None
        ]
