"""An installation with an account of an HTTP API: two simulators over HTTP, on one clock."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.core.ids import AccountId
from rotator.settings.loading import load
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import SecretSeed
from rotator.simulators.clock import SteppedClock
from rotator.simulators.stage5.process import SimulatedStage5
from rotator.simulators.stage5.shapes import AccessKeySeed, WorkspaceSeed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from rotator.settings.settings import Settings
    from rotator.simulators.stage5.shapes import AccessKeyState

HOME = AccountId("111122223333")
ACME = AccountId("stage5-acme")
WORKSPACE = "ws_acme"
PROVIDER = "stage5-access-key"
REGION = "eu-central-1"
OWN, WEB = "stage5/rotator", "stage5/web"
OLD_SECONDS = 25 * 86_400
"""More than policy asks for."""

POLICY = f"""\
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {{maxAge: 30d, rotateAfter: 20d, jitter: 1h}}
  grace: {{min: 6h, unusedFor: 6h, max: 2d, quarantine: 6h}}
rules:
  - name: keys
    match: {{provider: {PROVIDER}, account: acme, principal: [rotator, web]}}
    action: rotate
    destination: {{type: aws-secrets-manager, secret: "stage5/{{principal}}"}}
"""


@dataclass
class Installation:
    """One folder, and both simulators on one clock."""

    folder: Path
    aws: SimulatedAws
    stage5: SimulatedStage5
    clock: SteppedClock

    def seed(self) -> dict[str, str]:
        """Make a workspace with an integration's key, and the secrets that hold both keys."""
        made = self.stage5.seed(
            WorkspaceSeed(
                workspace_id=WORKSPACE,
                admin=AccessKeySeed(
                    name="rotator", scopes=("access_keys:read", "access_keys:write")
                ),
                access_keys=(AccessKeySeed(name="web", age_seconds=OLD_SECONDS),),
            )
        )
        keys = {OWN: made.admin, WEB: made.access_keys["web"]}
        account = self.aws.seed(
            HOME,
            secrets=[
                SecretSeed(
                    name=name,
                    value=json.dumps({"KEY_ID": key.id, "SECRET_KEY": key.key}),
                    region=REGION,
                    tags={"rotator:owner": "tests"},
                )
                for name, key in keys.items()
            ],
        )
        return {
            "AWS_ACCESS_KEY_ID": account.admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": account.admin.secret_access_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def settings(self, mode: str = "enforce", policy: str = POLICY) -> Settings:
        """Write and load both files, and the spec beside them."""
        spec = files("rotator.simulators.stage5") / "spec.yaml"
        (self.folder / "stage5.yaml").write_text(spec.read_text(encoding="utf-8"))
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
http:
  providers:
    - spec: stage5.yaml
      accounts:
        - id: {ACME}
          name: acme
          baseUrl: {self.stage5.base_url}
          allowPrivate: true
          params: {{workspace: {WORKSPACE}}}
          credentials: {{admin: "secret:{OWN}#SECRET_KEY"}}
          lifetime: 40d
""",
            encoding="utf-8",
        )
        return load(file, {})

    def use(self) -> bool:
        """Do what the integration does with the published key; say whether it was let in."""
        return self.is_admitted(self.published(WEB)["SECRET_KEY"])

    def is_admitted(self, key: str) -> bool:
        """Try a key as any client does."""
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{self.stage5.base_url}/me", headers=headers, trust_env=False).is_success

    def published(self, name: str) -> dict[str, str]:
        """Read what consumers read."""
        secrets = self.aws.state(account_id=HOME).accounts[HOME].secrets
        current = next(item for item in secrets if item.name == name).labelled("AWSCURRENT")
        found: dict[str, str] = json.loads((current and current.value) or "{}")
        return found

    def living(self, name: str) -> list[AccessKeyState]:
        """Return the keys of a lineage that are not revoked."""
        keys = self.stage5.state(workspace_id=WORKSPACE).workspaces[WORKSPACE].access_keys
        return [it for it in keys if it.name.split(".")[0] == name and it.revoked_at is None]


@pytest.fixture(scope="module")
def http_simulators() -> Iterator[tuple[SimulatedAws, SimulatedStage5]]:
    """Start both simulators once for a module."""
    with SimulatedAws() as aws, SimulatedStage5() as stage5:
        yield aws, stage5


@pytest.fixture
def http_installation(
    tmp_path: Path,
    http_simulators: tuple[SimulatedAws, SimulatedStage5],
    monkeypatch: pytest.MonkeyPatch,
) -> Installation:
    """Seed both simulators, with their clocks on ours."""
    aws, stage5 = http_simulators
    aws.reset()
    stage5.reset()

    def follow(at: datetime) -> None:
        aws.advance_to(at)
        stage5.advance_to(at)

    now = max(aws.now(), stage5.now())
    clock = SteppedClock(now, on_advance=follow)
    follow(now)
    made = Installation(tmp_path, aws, stage5, clock)
    for name, value in made.seed().items():
        monkeypatch.setenv(name, value)
    return made
