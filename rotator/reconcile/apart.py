"""Whether a workspace's environments are apart: looked at with each scan, told and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.core.environments import Breach, findings
from rotator.errors import FatalError, RotatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.core.ids import AccountId
    from rotator.ports.evidence import Telemetry
    from rotator.ports.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCheck:
    """Tells what is wrong with the environments of workspaces.

    Attributes:
        environments: The keyset of each environment, by id or name, for each workspace.
        workspaces: The way into each of these workspaces.
        on_found: Is told how many findings of each kind a workspace has; not where it
            could not be read, so that what was found before stands.
    """

    environments: Mapping[AccountId, Mapping[str, str]]
    workspaces: Mapping[AccountId, Workspace]
    telemetry: Telemetry
    on_found: Callable[[AccountId, Mapping[str, int]], None]

    def look(self, account: AccountId) -> None:
        """Look at one workspace; one without environments is not asked."""
        named = self.environments.get(account)
        if not named:
            return
        workspace = self.workspaces[account]
        try:
            found = findings(named, workspace.clients(), workspace.keysets())
        except FatalError:
            raise
        except RotatorError as error:
            self.telemetry.log("warning", "environments not read", account=account, code=error.code)
            return
        counts = Counter(item.breach for item in found)
        self.on_found(account, {breach.value: counts[breach] for breach in Breach})
        for item in found:
            self.telemetry.log(
                "warning",
                "environments not apart",
                account=account,
                kind=item.breach.value,
                finding=item.text,
            )
