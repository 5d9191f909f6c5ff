"""A daemon in a hub account, a member account whose role has exactly the generated policies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from rotator.cli.invocation import Invocation
from rotator.cli.main import cli
from rotator.core.ids import AccountId, Instant
from rotator.settings.loading import load
from rotator.simulators.aws.embedded import EmbeddedAws
from rotator.simulators.aws.embedded_session import EmbeddedSession
from rotator.simulators.aws.keys import Use
from rotator.simulators.aws.seeding import seed
from rotator.simulators.aws.shapes import (
    AccountSeed,
    KeySeed,
    RoleSeed,
    SecretSeed,
    Settings,
    UserSeed,
)
from rotator.testing.manual_clock import ManualClock
from tests.settings.files import Files

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.app import App
    from rotator.core.rotation import Credential, Rotation
    from rotator.settings.settings import Settings as FileSettings
    from rotator.simulators.aws.shapes import Call, Credentials

HUB = AccountId("999988887777")
MEMBER = AccountId("111122223333")
REGION = "eu-central-1"
ROLE = f"arn:aws:iam::{MEMBER}:role/rotator"
HUB_USER = f"arn:aws:iam::{HUB}:user/hub"
STEP = timedelta(hours=2)
SCANS = timedelta(hours=12)
NAMES = ("ci-app",)
OTHERS = ("new-api",)

CONFIGURATION = f"""\
apiVersion: rotator/v1
kind: Configuration
owner: tests
mode: enforce
limits: {{checkInterval: 2h, inspectInterval: 6h}}
aws:
  region: {REGION}
  endpointUrl: http://simulated.aws
  cloudTrail: true
  accounts:
    - id: "{MEMBER}"
      name: prod
      roleArn: {ROLE}
"""
POLICY = """\
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {maxAge: 30d, rotateAfter: 20d, jitter: 1h}
  grace: {min: 4h, unusedFor: 2h, max: 2d, quarantine: 4h}
rules:
  - name: never
    match: {principal: admin}
    action: report
  - name: ci
    match: {path: /svc/*, principal: ci-*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}", merge: true}
  - name: new
    match: {path: /svc/*, principal: new-*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "new/{principal}", create: true}
"""


def document(folder: Path, *words: str) -> tuple[dict[str, Any], ...]:
    """Run ``rotator aws policy`` and read every document that it prints."""
    invocation = Invocation(config=folder / "rotator.yaml", environ={})
    arguments = ["aws", "policy", *words]
    result = CliRunner().invoke(cli, arguments, obj=invocation, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    decoder, text, found = json.JSONDecoder(), result.stdout.strip(), []
    while text:
        made, end = decoder.raw_decode(text)
        found.append(made)
        text = text[end:].strip()
    return tuple(found)


def without(
    policies: tuple[dict[str, Any], ...], sid: str, action: str
) -> tuple[dict[str, Any], ...]:
    """Take one action out of the statement of that name."""
    made = json.loads(json.dumps(policies))
    for policy in made:
        for statement in policy["Statement"]:
            if statement["Sid"] == sid:
                actions = statement["Action"]
                listed = [actions] if isinstance(actions, str) else actions
                statement["Action"] = [item for item in listed if item != action]
        policy["Statement"] = [item for item in policy["Statement"] if item["Action"]]
    return tuple(made)


@dataclass
class Installation:
    """The daemon, its consumers, and a simulated AWS that evaluates policies."""

    folder: Path
    calls: list[Call] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"journal: {{url: 'sqlite:///{self.folder}/journal.db'}}\n"
        audit = f"audit: {{file: '{self.folder}/audit.jsonl'}}\n"
        Files(self.folder).write(CONFIGURATION + where + audit, POLICY)
        self.clock = ManualClock()
        self.aws = EmbeddedAws(self.clock, on_call=self.calls.append)
        self.aws.world.settings = Settings(last_used_quantum_seconds=60)
        self.member = document(self.folder, "member")
        self.hub = document(self.folder, "hub")
        self.credentials = self._seed()
        self.app: App

    def _seed(self) -> Credentials:
        key = KeySeed(age_seconds=timedelta(days=25).total_seconds())
        hub = seed(
            self.aws.world,
            AccountSeed(
                account_id=HUB,
                users=(UserSeed(name="hub", policies=self.hub, keys=(key,)),),
            ),
        )
        users = [UserSeed(name=name, path="/svc/", keys=(key,)) for name in (*NAMES, *OTHERS)]
        role = RoleSeed(name="rotator", policies=self.member, trusts=(HUB_USER,))
        keys = seed(
            self.aws.world,
            AccountSeed(
                account_id=MEMBER,
                users=(*users, UserSeed(name="admin", keys=(key,))),
                roles=(role,),
            ),
        ).users
        self.seeded = {key.access_key_id for made in keys.values() for key in made}
        secrets = tuple(
            SecretSeed(name=f"iam/{name}", region=REGION, value=_content(keys[name][0]))
            for name in NAMES
        )
        seed(self.aws.world, AccountSeed(account_id=MEMBER, secrets=secrets))
        return hub.users["hub"][0]

    def allow(self, policies: tuple[dict[str, Any], ...]) -> None:
        """Replace what the member role may do."""
        self.aws.put_policies(MEMBER, "rotator", policies)

    def session(self) -> EmbeddedSession:
        """Return a session of the process that the daemon runs in."""
        return EmbeddedSession(self.aws, self.clock, self.credentials)

    @property
    def settings(self) -> FileSettings:
        return load(self.folder / "rotator.yaml", {})

    def live(self, period: timedelta) -> None:
        """Let the daemon and its consumers live for a while."""
        end = Instant(self.clock.now() + period)
        scan_at = self.clock.now()
        while self.clock.now() < end:
            if self.clock.now() >= scan_at:
                self.app.scan()
                scan_at = Instant(self.clock.now() + SCANS)
            for credential in self.app.due(10):
                self.app.reconcile(credential)
            self.app.seal()
            self.consume()
            self.clock.advance_to(min(Instant(self.clock.now() + STEP), end, scan_at))

    def consume(self) -> None:
        """Read every published key and use it; note what is refused."""
        for name in self._published_names():
            key_id = self.published(name)
            key = self.aws.world.keys.find(key_id) if key_id else None
            now, settings = self.aws.world.now(), self.aws.world.settings
            if key is None or not key.is_accepted(now, settings):
                self.refusals.append(f"{now:%d %H:%M} {name} {key_id}")
                continue
            use = Use(at=now, service="s3", region=REGION)
            key.record_use(use, agent="consumer", settings=settings)

    def _published_names(self) -> list[str]:
        return [f"iam/{name}" for name in NAMES] + [
            f"new/{name}" for name in OTHERS if self.published(f"new/{name}")
        ]

    def published(self, secret: str) -> str | None:
        """Return the key id in a secret's current version; None without a secret."""
        client = self._by_hand("secretsmanager")
        try:
            text = client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
        except client.exceptions.ResourceNotFoundException:
            return None
        found: str | None = json.loads(text["SecretString"]).get("AccessKeyId")
        return found

    def keys(self, name: str) -> dict[str, bool]:
        """Return every key of a user that exists, and whether it is enabled."""
        listed = self._by_hand("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]
        return {item["AccessKeyId"]: item["Status"] == "Active" for item in listed}

    def _by_hand(self, service: str) -> Any:  # noqa: ANN401 - boto3's own
        if service not in self.clients:
            human = self.aws.world.admins_of(MEMBER)[1]
            session = EmbeddedSession(self.aws, self.clock, human)
            self.clients[service] = session.client(
                service, region_name=REGION, endpoint_url="http://simulated.aws"
            )
        return self.clients[service]

    def credential(self, name: str) -> Credential | None:
        """Return the row of one principal; None if it was never found."""
        rows = self.app.journal.credentials()
        return next((item for item in rows if item.principal.name == name), None)

    def rotation(self, name: str) -> Rotation | None:
        """Return the newest rotation of one principal; None if there never was one."""
        credential = self.credential(name)
        found = self.app.journal.rotations(credential.id) if credential else ()
        return found[0] if found else None


def _content(key: Credentials) -> str:
    return json.dumps(
        {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "endpoint": "kept",
        }
    )
