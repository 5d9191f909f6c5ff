"""Ids and names of accounts of every kind: on the command line one word means one account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.settings.document import spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.errors import Fault
    from rotator.settings.document import Document, Path


@dataclass(slots=True)
class AccountNames:
    """Every word that stands for an account, with where it was first given to one."""

    places: dict[str, str] = field(default_factory=dict)

    def take(
        self, document: Document, at: Path, words: Mapping[str, str | None], kind: str
    ) -> Iterator[Fault]:
        """Give an account its words; yield a fault for each that an earlier one has.

        Args:
            document: The file.
            at: Where it has the account.
            words: The account's id and name, by their fields.
            kind: What the account is called: ``account``, ``workspace``.
        """
        for name, word in words.items():
            if word and word in self.places:
                problem = f"`{word}` is {self.places[word]} already"
                remedy = f"list every {kind} once, under a name of its own"
                yield document.fault((*at, name), problem, remedy)
        for word in filter(None, words.values()):
            self.places.setdefault(word, spell(at))
