"""One AWS account and one CipherStash workspace on one clock, and the app between them."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx

from rotator.app import open_app
from rotator.core.ids import AccountId
from rotator.core.rotation import Phase, Trigger
from rotator.settings.loading import load
from rotator.simulators.aws.shapes import SecretSeed
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

    from rotator.app import App
    from rotator.core.rotation import Rotation
    from rotator.simulators.aws.process import SimulatedAws
    from rotator.simulators.cipherstash.process import SimulatedCipherStash
    from tests.process.cipherstash.real import Bundle

WORKSPACE = "ZVATKW3VHMFG27DY"
ACCOUNT = "111122229999"
REGION = "eu-central-1"
SECRET = "cipherstash/orders"
TENANT = "orders-production"
DAY_SECONDS = 86_400.0

POLICY = """
apiVersion: rotator/v1
kind: Policy
defaults:
  rotate: {maxAge: 90d, rotateAfter: 67d}
  grace: {min: 6h, unusedFor: 6h, max: 2d, quarantine: 6h, acceptBlind: true}
rules:
  - name: access-key
    match: {provider: cipherstash-access-key, account: vault, principal: orders}
    action: rotate
    destination: {type: aws-secrets-manager, secret: cipherstash/orders, merge: true}
  - name: client-key
    match: {provider: cipherstash-client-key, account: vault, principal: orders}
    action: rotate
    destination: {type: aws-secrets-manager, secret: cipherstash/orders, merge: true}
"""
CONFIGURATION = """
apiVersion: rotator/v1
kind: Configuration
owner: test
mode: enforce
journal: {{url: 'sqlite:///{folder}/rotator.db'}}
audit: {{file: '{folder}/audit.jsonl'}}
web: {{port: 0}}
limits: {{checkInterval: 3h, inspectInterval: 12h}}
aws:
  region: {region}
  endpointUrl: {aws}
  accounts: [{{id: '{account}'}}]
cipherstash:
  workspaces:
    - crn: {crn}
      name: vault
      adminKey: env:ROTATOR_TEST_ADMIN_KEY
      accessKeyRoles: {{'*': member}}
      api: {{ctsUrl: '{cts}'}}
"""


class Estate:
    """A bundle in one secret, whose two keys rotator looks after."""

    def __init__(self, folder: Path, aws: SimulatedAws, stash: SimulatedCipherStash) -> None:
        self.aws, self.stash, self.folder = aws, stash, folder
        self.clock = SteppedClock(aws.now(), on_advance=self._advance)
        self.account = aws.seed(ACCOUNT)
        self.workspace = stash.seed(
            WorkspaceSeed(
                workspace_id=WORKSPACE,
                access_keys=(AccessKeySeed(name="orders", age_seconds=80 * DAY_SECONDS),),
                keysets=(KeysetSeed(name=TENANT),),
                clients=(ClientSeed(name="orders", keysets=("default", TENANT)),),
            )
        )
        key, client = self.workspace.access_keys["orders"], self.workspace.clients["orders"]
        self.first: Bundle = {
            "CS_WORKSPACE_CRN": self.workspace.crn,
            "CS_CLIENT_ID": client.id,
            "CS_CLIENT_KEY": client.client_key,
            "CS_CLIENT_ACCESS_KEY": key.access_key,
        }
        tags = {"rotator:owner": "test"}
        secret = SecretSeed(name=SECRET, value=json.dumps(self.first), region=REGION, tags=tags)
        aws.seed(ACCOUNT, secrets=[secret])
        self._write_files()

    def _advance(self, moment: datetime) -> None:
        self.aws.advance_to(moment)
        self.stash.advance_to(moment)

    def _write_files(self) -> None:
        (self.folder / "policy.yaml").write_text(POLICY)
        (self.folder / "rotator.yaml").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                region=REGION,
                aws=self.aws.url,
                account=ACCOUNT,
                crn=self.workspace.crn,
                cts=self.stash.cts_url,
            )
        )

    @property
    def environ(self) -> dict[str, str]:
        """What the daemon is started with."""
        return {
            "AWS_ACCESS_KEY_ID": self.account.admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.account.admin.secret_access_key,
            "ROTATOR_TEST_ADMIN_KEY": self.workspace.admin.access_key,
        }

    def bundle(self) -> Bundle:
        """Read the secret as a consumer does."""
        secrets = self.aws.state(account_id=ACCOUNT).accounts[ACCOUNT].secrets
        current = next(it for it in secrets if it.name == SECRET).labelled("AWSCURRENT")
        assert current is not None
        found: Bundle = json.loads(current.value or "{}")
        return found

    def environments(self) -> tuple[Bundle, Bundle]:
        """Make a client for production and one for staging, each with its keyset alone."""
        names = ("production", "staging")
        seeded = self.stash.seed(
            WorkspaceSeed(
                workspace_id=WORKSPACE,
                keysets=tuple(KeysetSeed(name=name) for name in names),
                clients=tuple(ClientSeed(name=name, keysets=(name,)) for name in names),
            )
        )
        made = (seeded.clients[name] for name in names)
        first, second = (
            {**self.first, "CS_CLIENT_ID": item.id, "CS_CLIENT_KEY": item.client_key}
            for item in made
        )
        return first, second

    def grant_new_tenant(self, client_id: str) -> str:
        """Make a keyset and grant it to one client, as a person does; return its id."""
        seeded = self.stash.seed(
            WorkspaceSeed(workspace_id=WORKSPACE, keysets=(KeysetSeed(name="late"),))
        )
        keyset = seeded.keysets["late"]
        answer = httpx.post(
            f"{self.stash.zerokms_url}grant-keyset",
            json={"keyset_id": keyset, "client_id": client_id},
            headers={"Authorization": f"Bearer {self.workspace.human}"},
            trust_env=False,
        )
        answer.raise_for_status()
        return keyset

    def secrets(self) -> set[str]:
        """Every access key's secret and every client's key that the workspace ever had."""
        truth = self.stash.state(workspace_id=WORKSPACE).workspaces[WORKSPACE]
        keys = {item.access_key.split(".")[1] for item in truth.access_keys}
        return keys | {item.client_key for item in truth.clients}

    def written(self) -> str:
        """Everything in the installation's folder, as text; the client's own files aside."""
        files = [item for item in self.folder.glob("*") if item.is_file()]
        return "\n".join(item.read_bytes().decode("latin-1") for item in files)

    def rounds(self, count: int) -> Iterator[App]:
        """Rotate both keys so often, each as soon as it may be; yield after each piece of work."""
        settings = load(self.folder / "rotator.yaml", os.environ)
        with open_app(settings, read_only=False, clock=self.clock) as app:
            app.confirm_account(AccountId(WORKSPACE), operator="test")
            app.once()
            while any(done < count for done in self._completed(app).values()):
                self._order(app, count)
                app.once()
                yield app
                self.clock.advance_to(self._next(app))

    def _completed(self, app: App) -> dict[str, int]:
        return {
            item.id: sum(it.phase is Phase.COMPLETED for it in app.journal.rotations(item.id))
            for item in app.journal.credentials()
            if item.destination is not None
        }

    def _order(self, app: App, count: int) -> None:
        """Order what rests; each key is then rotated the next time it is looked at."""
        done = self._completed(app)
        for item in app.journal.credentials():
            is_resting = not any(it.is_open for it in app.journal.rotations(item.id))
            if item.requested is None and is_resting and done.get(item.id, count) < count:
                app.order(item, Trigger.MANUAL, operator="test")

    def _next(self, app: App) -> datetime:
        """When the next key wants to be looked at; three hours from now at the latest."""
        now = self.clock.now()
        timers = [item.next_at for item in app.journal.credentials() if item.next_at > now]
        return min([now + timedelta(hours=3), *timers])


def retired(rotations: list[Rotation]) -> set[str]:
    """Name the keys whose end is reached."""
    return {item.old_key_id for item in rotations if item.phase is Phase.COMPLETED}
