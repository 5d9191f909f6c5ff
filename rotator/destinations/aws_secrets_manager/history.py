"""What a secret carried before: under AWS's own label for it, or without any label."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rotator.clients.contents import key_id_in, material_in
from rotator.errors import NotFoundError

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.core.ids import KeyId, VersionId
    from rotator.core.secret import KeyMaterial, Secret

PREVIOUS = "AWSPREVIOUS"


class ReadsHistory(ABC):
    """Lets a destination that can read any one version tell its history."""

    @abstractmethod
    def _value(self, ref: DestinationRef, label: str, version: VersionId | None = None) -> Secret:
        """Read the text of the version that carries a label; of any version without one."""

    def previous_key_id(self, ref: DestinationRef) -> KeyId | None:
        """Read the key id in the version labelled AWSPREVIOUS; None without such a version.

        Raises:
            RejectedError: The value is binary, or no JSON object, or the field is no text.
        """
        try:
            return key_id_in(ref, self._value(ref, PREVIOUS))
        except NotFoundError:
            return None

    def read_version(self, ref: DestinationRef, version: VersionId) -> KeyMaterial:
        """Read a version by its id alone; AWS forgets unlabelled ones when there are many.

        Raises:
            NotFoundError: There is no such version.
            RejectedError: It carries no key.
        """
        return material_in(ref, self._value(ref, "", version))
