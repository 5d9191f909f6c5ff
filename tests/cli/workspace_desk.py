"""A desk with CipherStash workspaces: the fakes behind the app, and the files that name them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.ids import AccountId
from rotator.core.rotation import Role
from rotator.testing.fake_workspace import WORKSPACE, FakeWorkspace
from tests.builders import account, audit_record, credential, key_record, principal, sealed
from tests.cli.desk import Desk
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Credential

OTHER = AccountId("AAAABBBBCCCCDDDD")

SECTION = f"""\
mode: enforce
cipherstash:
  workspaces:
    - crn: crn:ap-southeast-2.aws:{WORKSPACE}
      name: vault
      adminKey: env:CS_ADMIN_KEY
      environments: {{production: orders, staging: staging}}
"""
SECOND = f"""\
    - crn: crn:us-east-1.aws:{OTHER}
      name: lab
      adminKey: env:CS_LAB_KEY
      api: {{kind: legacy}}
"""


_POLICY = POLICY.replace("principal: ci-*", "principal: ci-*, provider: aws-iam")


@dataclass
class WorkspaceDesk(Desk):
    """A desk at which one workspace is configured, or two."""

    def __post_init__(self) -> None:
        super().__post_init__()
        clock = self.app.clock
        self.vault, self.lab = FakeWorkspace(clock), FakeWorkspace(clock, account=OTHER)
        self.app.workspaces = (self.vault, self.lab)
        self.configure(SECTION)

    def configure(self, section: str) -> None:
        """Write another end of the configuration."""
        Files(self.folder).write(CONFIGURATION + section, _POLICY)

    def manage(self, name: str, key: KeyId, provider: str, role: Role = Role.CURRENT) -> Credential:
        """Let the journal know a key of the vault."""
        owner = principal(name, provider=provider, account=WORKSPACE, uid=name)
        current = key if role is Role.CURRENT else None
        made = credential(name, principal=owner, current_key_id=current)
        self.keep(made, keys=(key_record(made, key, role=role),))
        return made

    def confirm_vault(self) -> None:
        """Let rotations be ordered in the vault."""
        said = replace(account(id=WORKSPACE), provider="cipherstash")
        record = audit_record(f"confirmed {WORKSPACE}")
        self.app.journal.save_account(said, record)
        self.app.journal.seal(((record.id, sealed(1)),))

    def profile(self, name: str, workspace: str) -> None:
        """Log a profile of the vendor's command line in to a workspace."""
        folder = self.folder / "home" / ".cipherstash" / name
        folder.mkdir(parents=True)
        content = json.dumps({"service": {"workspace": workspace}})
        (folder / "profile-config.json").write_text(content, encoding="utf-8")

    def records(self) -> list[AuditRecord]:
        """Return what the audit queue holds of operators' deeds."""
        return list(self.app.journal.unsealed(limit=100))
