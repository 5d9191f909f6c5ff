"""An installation between two simulators over HTTP, on one clock: both files, and a journal."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.core.ids import AccountId
from rotator.settings.loading import load
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import SecretSeed
from rotator.simulators.cipherstash.process import SimulatedCipherStash
from rotator.simulators.cipherstash.shapes import (
    AccessKeySeed,
    ClientSeed,
    KeysetSeed,
    WorkspaceSeed,
)
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from rotator.settings.settings import Settings

HOME = AccountId("111122223333")
VAULT = AccountId("ABCDEFGHIJKLMNOP")
REGION = "eu-central-1"
DAY_SECONDS = 86_400

POLICY = """\
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {maxAge: 30d, rotateAfter: 20d, jitter: 1h}
  grace: {min: 6h, unusedFor: 6h, max: 2d, quarantine: 6h, acceptBlind: true}
rules:
  - name: own
    match: {provider: cipherstash-access-key, principal: rotator-admin}
    action: rotate
    destination: {type: aws-secrets-manager, secret: cs/own}
  - name: bundle
    match: {provider: "cipherstash-*", account: vault, principal: web}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "cs/{principal}", merge: true}
"""


@dataclass
class Installation:
    """One folder, and both simulators on one clock."""

    folder: Path
    aws: SimulatedAws
    vault: SimulatedCipherStash
    clock: SteppedClock

    def seed(self) -> dict[str, str]:
        """Make a workspace with an application's two keys, and the secrets that hold them."""
        old = 25 * DAY_SECONDS
        made = self.vault.seed(
            WorkspaceSeed(
                workspace_id=VAULT,
                admin=AccessKeySeed(name="rotator-admin", role="admin", age_seconds=old),
                access_keys=(AccessKeySeed(name="web", age_seconds=old),),
                keysets=(KeysetSeed(name="orders"),),
                clients=(ClientSeed(name="web", keysets=("orders", "default"), age_seconds=old),),
            )
        )
        bundle = {
            "CS_WORKSPACE_CRN": made.crn,
            "CS_CLIENT_ACCESS_KEY": made.access_keys["web"].access_key,
            "CS_CLIENT_ID": made.clients["web"].id,
            "CS_CLIENT_KEY": made.clients["web"].client_key,
        }
        values = {"cs/own": {"CS_CLIENT_ACCESS_KEY": made.admin.access_key}, "cs/web": bundle}
        account = self.aws.seed(
            HOME,
            secrets=[
                SecretSeed(
                    name=name,
                    value=json.dumps(value),
                    region=REGION,
                    tags={"rotator:owner": "tests"},
                )
                for name, value in values.items()
            ],
        )
        return {
            "AWS_ACCESS_KEY_ID": account.admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": account.admin.secret_access_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def settings(self, mode: str = "enforce", policy: str = POLICY) -> Settings:
        (self.folder / "policy.yaml").write_text(policy, encoding="utf-8")
        file = self.folder / "rotator.yaml"
        file.write_text(
            f"""\
apiVersion: rotator/v1
kind: Configuration
owner: tests
mode: {mode}
journal: {{url: 'sqlite:///{self.folder}/journal.db'}}
audit: {{file: '{self.folder}/audit.jsonl'}}
limits: {{checkInterval: 2h, inspectInterval: 2h}}
aws:
  region: {REGION}
  endpointUrl: {self.aws.url}
  accounts: [{{id: '{HOME}', name: prod}}]
cipherstash:
  workspaces:
    - crn: crn:us-east-1.aws:{VAULT}
      name: vault
      adminKey: secret:cs/own#CS_CLIENT_ACCESS_KEY
      accessKeyRoles: {{rotator-admin: admin, "*": member}}
      api: {{ctsUrl: '{self.vault.cts_url}'}}
""",
            encoding="utf-8",
        )
        return load(file, {})

    def use(self) -> None:
        """Do what the application does: exchange the published key for a token."""
        key = self.published("cs/web")["CS_CLIENT_ACCESS_KEY"]
        url = f"{self.vault.cts_url}api/authorise"
        httpx.post(url, json={"accessKey": key}, trust_env=False).raise_for_status()

    def published(self, name: str) -> dict[str, str]:
        secrets = self.aws.state(account_id=HOME).accounts[HOME].secrets
        current = next(item for item in secrets if item.name == name).labelled("AWSCURRENT")
        found: dict[str, str] = json.loads((current and current.value) or "{}")
        return found


@pytest.fixture(scope="module")
def simulators() -> Iterator[tuple[SimulatedAws, SimulatedCipherStash]]:
    with SimulatedAws() as aws, SimulatedCipherStash() as vault:
        yield aws, vault


@pytest.fixture
def installation(
    tmp_path: Path,
    simulators: tuple[SimulatedAws, SimulatedCipherStash],
    monkeypatch: pytest.MonkeyPatch,
) -> Installation:
    aws, vault = simulators
    aws.reset()
    vault.reset()

    def follow(at: datetime) -> None:
        aws.advance_to(at)
        vault.advance_to(at)

    now = max(aws.now(), vault.now())
    clock = SteppedClock(now, on_advance=follow)
    follow(now)
    made = Installation(tmp_path, aws, vault, clock)
    for name, value in made.seed().items():
        monkeypatch.setenv(name, value)
    return made
