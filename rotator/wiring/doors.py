"""The ways into what is not AWS: each over a transport of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rotator.clients.http import HttpClient
from rotator.providers.cipherstash.admission import Admission
from rotator.providers.cipherstash.workspace import CipherStashWorkspace
from rotator.providers.http.api_keys import HttpApiKeys
from rotator.settings.adapters import (
    http_account,
    http_account_config,
    http_config,
    workspace_config,
)
from rotator.telemetry.clock import monotonic_seconds

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rotator.clients.http import HttpConfig
    from rotator.ports.api_keys import ApiKeys
    from rotator.ports.clock import Chance, Clock
    from rotator.ports.workspace import Workspace
    from rotator.providers.http.accounts import HttpAccount
    from rotator.settings.adapters import ReadField
    from rotator.settings.settings import Settings
    from rotator.telemetry.calls import CallBook

_CIPHERSTASH = "cipherstash"


@dataclass(frozen=True, slots=True)
class Doors:
    """Opens workspaces and accounts of HTTP APIs; sends nothing before one is asked something.

    Attributes:
        stack: Closes what was opened.
        calls: Is told of every call.
        read_field: Reads a field of a secret, for keys that are kept in one.
    """

    settings: Settings
    stack: ExitStack
    clock: Clock
    chance: Chance
    calls: CallBook
    read_field: ReadField

    def admission(self, name: str, *, read_only: bool) -> Admission:
        """Make a way into a workspace.

        Raises:
            NotFoundError: The configuration names no such workspace.
        """
        found = self.settings.workspace(name)
        config = http_config(self.settings, found, read_only=read_only)
        http = self._client(_CIPHERSTASH, config)
        return Admission(workspace_config(self.settings, found, self.read_field), http, self.clock)

    def workspace(self, name: str) -> Workspace:
        """Open a workspace for an operator, who changes it beside a running daemon."""
        return CipherStashWorkspace(self.admission(name, read_only=False))

    def http_account(self, name: str, *, read_only: bool) -> HttpAccount:
        """Make a way into an account of an HTTP API.

        Raises:
            NotFoundError: The configuration names no such account.
        """
        found = self.settings.http_account(name)
        config = http_account_config(self.settings, found, read_only=read_only)
        client = self._client(found.spec.name, config)
        return http_account(self.settings, found, client, self.read_field)

    def api_keys(self, name: str) -> ApiKeys:
        """Open an account of an HTTP API for an operator, as `workspace` does a workspace."""
        account = self.http_account(name, read_only=False)
        spec = self.settings.http_account(name).spec
        return HttpApiKeys(spec, account, self.clock, self.chance)

    def _client(self, service: str, config: HttpConfig) -> HttpClient:
        client = HttpClient(
            config,
            self.clock,
            self.chance,
            monotonic=monotonic_seconds,
            on_call=partial(self.calls.heard, service),
        )
        self.stack.callback(client.close)
        return client
