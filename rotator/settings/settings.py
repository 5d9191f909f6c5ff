"""What the composition root is handed: both files, checked, resolved and frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.errors import NotFoundError
from rotator.settings.audit import AuditTerms
from rotator.settings.notifications import NotificationTerms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rotator.core.ownership import Ownership
    from rotator.core.policy import Policy
    from rotator.core.terms import Limits, Mode
    from rotator.settings.cipherstash import Workspace
    from rotator.settings.configuration import AwsSection, EngineSection, WebSection
    from rotator.settings.http import HttpPlace
    from rotator.settings.in_force import PolicyInForce
    from rotator.settings.kubernetes import KubernetesSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation.

    Attributes:
        file: The configuration file, as it was named.
        in_force: The policy in force, which its file may replace while we run.
        policy_file: The policy file.
        journal_url: Where the journal is; not shown, for it may hold a password.
        audit_file: Where sealed records are appended.
        log_name: The audit log's name.
        audit: What else is said of evidence.
        notifications: Who is told of what.
        workspaces: The CipherStash workspaces, in the file's order.
        http_accounts: The accounts of HTTP APIs, in the file's order.
        kubernetes: How a cluster is reached; None where there is none.
        environ: Where ``env:`` references to keys are looked up, whenever one is used.
    """

    file: Path
    owner: str
    mode: Mode
    in_force: PolicyInForce
    policy_file: Path
    limits: Limits
    ownership: Ownership
    journal_url: str = field(repr=False)
    audit_file: Path
    log_name: str
    web: WebSection
    engine: EngineSection
    aws: AwsSection
    workspaces: tuple[Workspace, ...] = ()
    http_accounts: tuple[HttpPlace, ...] = ()
    kubernetes: KubernetesSection | None = None
    audit: AuditTerms = field(default_factory=AuditTerms)
    notifications: NotificationTerms = field(default_factory=NotificationTerms)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def policy(self) -> Policy:
        """The policy in force now; who keeps it decides by yesterday's."""
        return self.in_force.edition.policy

    @property
    def policy_digest(self) -> str:
        """SHA-256 of the bytes of the policy in force, in hexadecimal digits."""
        return self.in_force.edition.digest

    def workspace(self, name: str) -> Workspace:
        """Find a workspace by its id or name.

        Raises:
            NotFoundError: The configuration names no such workspace.
        """
        found = next((item for item in self.workspaces if name in {item.id, item.name}), None)
        if found is None:
            known = ", ".join(item.name or item.id for item in self.workspaces)
            hint = f"known are {known}" if known else "add it to `cipherstash.workspaces`"
            raise NotFoundError("no such workspace is configured", subject=name, hint=hint)
        return found

    def http_account(self, name: str) -> HttpPlace:
        """Find an account of an HTTP API by its id or name.

        Raises:
            NotFoundError: The configuration names no such account.
        """
        found = next((item for item in self.http_accounts if name in {item.id, item.name}), None)
        if found is None:
            known = ", ".join(item.id for item in self.http_accounts)
            hint = f"known are {known}" if known else "add it under `http.providers`"
            msg = "no such account of an HTTP API is configured"
            raise NotFoundError(msg, subject=name, hint=hint)
        return found
