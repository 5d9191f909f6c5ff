"""The ways into what is not AWS: each over a transport of its own."""

from __future__ import annotations

from dataclasses import dataclass
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
    from rotator.telemetry.prometheus import PrometheusTelemetry


@dataclass(frozen=True, slots=True)
class Doors:
    """Opens workspaces and accounts of HTTP APIs; sends nothing before one is asked something.

    Attributes:
        stack: Closes what was opened.
        read_field: Reads a field of a secret, for keys that are kept in one.
    """

    settings: Settings
    stack: ExitStack
    clock: Clock
    chance: Chance
    telemetry: PrometheusTelemetry
    read_field: ReadField

    def admission(self, name: str, *, read_only: bool) -> Admission:
        """Make a way into a workspace.

        Raises:
            NotFoundError: The configuration names no such workspace.
        """
        found = self.settings.workspace(name)
        http = self._client(http_config(self.settings, found, read_only=read_only))
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
        client = self._client(http_account_config(self.settings, found, read_only=read_only))
        return http_account(self.settings, found, client, self.read_field)

    def api_keys(self, name: str) -> ApiKeys:
        """Open an account of an HTTP API for an operator, as `workspace` does a workspace."""
        account = self.http_account(name, read_only=False)
        spec = self.settings.http_account(name).spec
        return HttpApiKeys(spec, account, self.clock, self.chance)

    def _client(self, config: HttpConfig) -> HttpClient:
        def on_call(operation: str, code: str, seconds: float) -> None:
            del seconds
            self.telemetry.count("provider_calls", operation=operation, code=code)

        client = HttpClient(
            config, self.clock, self.chance, monotonic=monotonic_seconds, on_call=on_call
        )
        self.stack.callback(client.close)
        return client
