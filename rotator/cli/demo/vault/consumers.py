"""Applications that read their bundle from secrets, and encrypt and decrypt with it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rotator.cli.demo.vault.cast import APPLICATIONS
from rotator.simulators.cipherstash.consumer import (
    Bundle,
    Consumer,
    RefusedError,
    Sealed,
    UnreadableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from rotator.cli.demo.vault.cast import Application
    from rotator.cli.demo.vault.estate import VaultEstate

_TEXT: Final = "4 Market Street"
_IV_BYTES: Final = 16


@dataclass(slots=True, kw_only=True)
class Worker:
    """One application, and what became of its work.

    Attributes:
        keysets: The ids of the keysets that it works with, by name.
        read: Returns the text of the secret of a name.
        calls: How often it has encrypted or decrypted.
        refusals: How often it could not go on: refused, or the first day's data was
            not to be read or not to be found. Each would have been an outage.
        bundle: What it holds; None before its first day.
    """

    application: Application
    http: httpx.Client
    cts_url: str
    keysets: dict[str, str | None]
    read: Callable[[str], str]
    calls: int = 0
    refusals: int = 0
    bundle: Bundle | None = None
    _age: int = 0
    _open: dict[str, Consumer] = field(default_factory=dict)
    _archive: dict[str, Sealed] = field(default_factory=dict)

    def step(self) -> None:
        """Do a day's work in every keyset, with a bundle that is not too old."""
        bundle = self._read()
        for name in self.keysets:
            try:
                self._work(name, bundle)
            except (RefusedError, UnreadableError):
                self.refusals += 1

    def _read(self) -> Bundle:
        if self.bundle is None or self._age >= self.application.caches_days:
            fields: dict[str, str] = {}
            for name in self.application.secrets:
                fields |= json.loads(self.read(name))
            found = Bundle.read(fields)
            if found != self.bundle:
                self._open.clear()
            self.bundle, self._age = found, 0
        self._age += 1
        return self.bundle

    def _work(self, name: str, bundle: Bundle) -> None:
        """Encrypt, read that, and read and find what was encrypted on the first day."""
        client = self._open.get(name)
        if client is None:
            keyset = self.keysets[name]
            client = Consumer(self.http, self.cts_url, bundle, keyset=keyset)
            self._open[name] = client
        self.calls += 1
        fresh = client.encrypt(_TEXT, self._iv(name))
        first = self._archive.setdefault(name, fresh)
        if fresh.term != first.term:
            raise UnreadableError
        for sealed in (fresh, first):
            self.calls += 1
            client.decrypt(sealed)

    def _iv(self, name: str) -> bytes:
        """Make a number that is used once; no two of them are the same by chance."""
        place = f"{self.application.name} {name} {self.calls}"
        return hashlib.sha256(place.encode()).digest()[:_IV_BYTES]


class Workers:
    """All applications of the workspace."""

    def __init__(
        self, http: httpx.Client, cts_url: str, estate: VaultEstate, read: Callable[[str], str]
    ) -> None:
        """Set them up; each opens what it works with on its first day.

        Args:
            http: Sends what they send.
            cts_url: Where they are let in, with a slash at its end.
            estate: What was there on the first day.
            read: Returns the text of the secret of a name.
        """
        ids: dict[str, str | None] = {"": None, **estate.workspace.keysets}
        self.all = {
            item.name: Worker(
                application=item,
                http=http,
                cts_url=cts_url,
                keysets={name: ids[name] for name in item.keysets},
                read=read,
            )
            for item in APPLICATIONS
        }

    def step(self) -> None:
        """Let every application do a day's work."""
        for worker in self.all.values():
            worker.step()

    @property
    def calls(self) -> int:
        """Return how often they have encrypted or decrypted."""
        return sum(item.calls for item in self.all.values())

    @property
    def refusals(self) -> int:
        """Return how often one of them could not go on."""
        return sum(item.refusals for item in self.all.values())
