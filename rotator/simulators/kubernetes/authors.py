"""Who writes, and how: what the query and the headers of a change say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.simulators.kubernetes.managers import Manager

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.managers import Operation

_LONGEST_MANAGER = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes an object.

    Attributes:
        name: The field manager.
        api_version: The version of the object that the author speaks.
        subresource: Such as ``status``; empty for the object itself.
        takes_over: With `Apply`: fields of others become the author's.
        is_dry: Nothing is kept.
        is_strict: An unknown field is refused, not ignored.
    """

    name: str
    operation: Operation
    api_version: str
    subresource: str = ""
    takes_over: bool = False
    is_dry: bool = False
    is_strict: bool = False

    @property
    def manager(self) -> Manager:
        """Return the owner of what is written."""
        return Manager(
            name=self.name[:_LONGEST_MANAGER],
            operation=self.operation,
            api_version=self.api_version,
            subresource=self.subresource,
        )
