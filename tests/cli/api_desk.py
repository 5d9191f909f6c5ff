"""A desk with an account of an HTTP API: the fake behind the app, and the files that name it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rotator.core.chain import seal
from rotator.core.rotation import Role
from rotator.testing.fake_api_keys import ACCOUNT as HUB
from rotator.testing.fake_api_keys import FakeApiKeys
from tests.builders import account, audit_record, credential, key_record, principal, sealed
from tests.cli.desk import Desk
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from rotator.core.events import AuditRecord
    from rotator.core.ids import KeyId
    from rotator.core.rotation import Credential

PROVIDER = "hub-token"

SPEC = """\
apiVersion: rotator/v1
kind: HttpProvider
name: hub-token
title: Token of a hub
evidence: {kind: unverified, source: made up for tests}
params:
  user: {type: string, description: whose tokens}
credentials:
  admin: {description: a token that may list and make tokens}
propagation: {create: 10s, revoke: 30s, lastUsed: 15m, request: 1m}
secretForm: {prefix: fk_, length: 38}
accessDenied: Only administrators and owners may; ask an administrator of the workspace.
auth: {type: header, headers: {Authorization: "token ${creds.admin}"}}
key:
  id: id
  name: note
  createdAt: {path: created, time: rfc3339}
  lastUsedAt: {path: used, time: rfc3339}
  expiresAt: {path: expires, time: rfc3339}
  scopes: scopes
operations:
  list:
    request: {method: GET, path: "/users/${params.user}/tokens"}
    items: tokens
  create:
    request:
      method: POST
      path: "/users/${params.user}/tokens"
      json:
        note: "${new.name}"
        expires_in: "${new.ttl|seconds|optional}"
        scopes: "${new.scopes|optional}"
    expect: {status: [201]}
    key: {secret: token}
  verify:
    auth: {type: header, headers: {Authorization: "token ${key.secret}"}}
    request: {method: GET, path: /user}
    expect: {status: [200], assert: {path: token_id, equals: "${key.id}"}}
    rejectStatus: [401, 403]
  revoke:
    steps:
      - request: {method: DELETE, path: "/users/${params.user}/tokens/${key.id}"}
        expect: {status: [204, 404]}
"""
SECTION = """\
mode: enforce
http:
  providers:
    - spec: hub.yaml
      accounts:
        - id: hub-prod
          name: hub
          baseUrl: https://hub.example/api
          params: {user: robot}
          credentials: {admin: env:HUB_TOKEN}
"""
NAMELESS = SPEC.replace("  name: note\n", "").replace('        note: "${new.name}"\n', "")
NAMELESS = NAMELESS.replace("name: hub-token\n", 'name: hub-token\nprincipal: "${params.user}"\n')

_POLICY = POLICY.replace("principal: ci-*", "principal: ci-*, provider: aws-iam")


@dataclass
class ApiDesk(Desk):
    """A desk at which one account of an HTTP API is configured."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hub = FakeApiKeys(self.app.clock)
        self.app.http_accounts = {HUB: self.hub}
        self.configure(SPEC)

    def configure(self, spec: str, section: str = SECTION) -> None:
        """Write a spec, and another end of the configuration."""
        (self.folder / "hub.yaml").write_text(spec, encoding="utf-8")
        Files(self.folder).write(CONFIGURATION + section, _POLICY)

    def manage(self, name: str, key: KeyId, role: Role = Role.CURRENT) -> Credential:
        """Let the journal know a key of the hub."""
        owner = principal(name, provider=PROVIDER, account=HUB, uid=name)
        current = key if role is Role.CURRENT else None
        made = credential(name, principal=owner, current_key_id=current)
        self.keep(made, keys=(key_record(made, key, role=role),))
        return made

    def confirm_hub(self) -> None:
        """Let rotations be ordered at the hub."""
        said = replace(account(id=HUB), provider=PROVIDER)
        record = audit_record(f"confirmed {HUB}")
        self.app.journal.save_account(said, record)
        self.app.journal.seal(((record.id, sealed(1)),))

    def records(self) -> list[AuditRecord]:
        """Return what the audit queue holds of operators' deeds."""
        return list(self.app.journal.unsealed(limit=100))

    def seal_all(self) -> None:
        """Number and chain what waits in the audit queue."""
        journal = self.app.journal
        head = journal.head()
        seq, prev = (head.seq + 1, head.hash) if head else (0, "0" * 64)
        for record in journal.unsealed(limit=100):
            done = seal(record, seq=seq, prev=prev, log="tests")
            journal.seal(((record.id, done),))
            seq, prev = done.seq + 1, done.hash
