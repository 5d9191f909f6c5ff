"""The real client goes on through rotation after rotation: the proof that no mock can give."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import generate_latest

from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.cipherstash.process import SimulatedCipherStash
from rotator.simulators.cipherstash.shapes import Settings
from tests.process.cipherstash.estate import TENANT, Estate, retired
from tests.process.cipherstash.real import RefusedError, real_client, require_client
from tests.process.test_leaks import everything_logged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.process.cipherstash.real import Bundle, RealClient

pytestmark = pytest.mark.process

ROUNDS = 20


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    require_client()
    with SimulatedAws() as aws, SimulatedCipherStash() as stash:
        # The real client reckons with the machine's clock, and this one is moved.
        stash.configure(Settings(machine_tokens=True))
        made = Estate(tmp_path, aws, stash)
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


@dataclass
class Application:
    """Reads its secret, opens each keyset in each way, and minds every failure."""

    client: RealClient
    tenant: str
    known: Bundle = field(default_factory=dict)
    archive: dict[str, dict[str, Any]] = field(default_factory=dict)
    opened: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def ways(self) -> dict[str, dict[str, str] | None]:
        return {"default": None, "by-id": {"Uuid": self.tenant}, "by-name": {"Name": TENANT}}

    def work(self, bundle: Bundle) -> None:
        """Do a day's work; with a new bundle everything is opened anew, the old ones live on."""
        try:
            if bundle != self.known:
                self._open(bundle)
            for way in self.ways:
                self._use(way)
        except RefusedError as error:
            self.failures.append(str(error))

    def _open(self, bundle: Bundle) -> None:
        for way, keyset in self.ways.items():
            self.client.open(way, bundle, keyset=keyset)
            self.opened += 1
        self.known = bundle
        if not self.archive:
            self.archive = {way: self.client.encrypt(way, "kept") for way in self.ways}

    def _use(self, way: str) -> None:
        fresh, old = self.client.encrypt(way, "kept"), self.archive[way]
        if self.client.decrypt(way, fresh["payload"]) != "kept":
            self.failures.append(f"{way}: what was encrypted now is not readable")
        if self.client.decrypt(way, old["payload"]) != "kept":
            self.failures.append(f"{way}: what was encrypted before is not readable")
        if fresh["term"] != old["term"]:
            self.failures.append(f"{way}: what was encrypted before is not found any more")


def test_the_real_client_works_through_twenty_rotations_of_both_keys(
    estate: Estate, tmp_path: Path
) -> None:
    seen: list[Bundle] = [estate.first]
    with real_client(estate.stash.cts_url, tmp_path) as client:
        application = Application(client, estate.workspace.keysets[TENANT])
        application.work(estate.bundle())
        with everything_logged() as log:
            for app in estate.rounds(ROUNDS):
                bundle = estate.bundle()
                application.work(bundle)
                if bundle != seen[-1]:
                    seen.append(bundle)
                rotations = list(app.journal.rotations())
                metrics = generate_latest(app.telemetry.registry).decode()

        assert application.failures == []
        assert len(retired(rotations)) == 2 * ROUNDS
        assert len({item["CS_CLIENT_ACCESS_KEY"] for item in seen}) == ROUNDS + 1
        assert len({item["CS_CLIENT_ID"] for item in seen}) == ROUNDS + 1
        assert {item["CS_WORKSPACE_CRN"] for item in seen} == {estate.workspace.crn}
        _refused(client, estate.first, estate.bundle())
    told = log.getvalue() + metrics + estate.written()
    assert [item for item in estate.secrets() if item in told] == []
    assert retired(rotations) <= set(re.findall(r"[A-Z2-7]{16}|[0-9a-f-]{36}", estate.written()))


def _refused(client: RealClient, old: Bundle, now: Bundle) -> None:
    """Neither the old access key nor the old client is let in, each beside a working other."""
    pair = {name: old[name] for name in ("CS_CLIENT_ID", "CS_CLIENT_KEY")}
    key = {"CS_CLIENT_ACCESS_KEY": old["CS_CLIENT_ACCESS_KEY"]}
    with pytest.raises(RefusedError, match="401"):
        client.open("old-key", {**now, **key})
    with pytest.raises(RefusedError, match="NotFound"):
        client.open("old-client", {**now, **pair})
    client.open("now", now)


def test_a_tenant_that_is_granted_in_the_grace_is_open_with_the_new_key_and_the_old(
    estate: Estate, tmp_path: Path
) -> None:
    with real_client(estate.stash.cts_url, tmp_path) as client:
        rounds = estate.rounds(1)
        next(rounds)
        both = [estate.first, estate.bundle()]
        assert both[0]["CS_CLIENT_ID"] != both[1]["CS_CLIENT_ID"]
        late = estate.grant_new_tenant(both[0]["CS_CLIENT_ID"])
        for _ in range(2):
            next(rounds)
        for number, bundle in enumerate(both):
            client.open(f"late-{number}", bundle, keyset={"Uuid": late})

        written = client.encrypt("late-0", "shared")
        assert client.decrypt("late-1", written["payload"]) == "shared"
        list(rounds)
        assert client.decrypt("late-1", written["payload"]) == "shared"


def test_what_one_environment_encrypts_no_client_of_another_one_can_read(
    estate: Estate, tmp_path: Path
) -> None:
    production, staging = estate.environments()
    with real_client(estate.stash.cts_url, tmp_path) as client:
        client.open("production", production)
        client.open("staging", staging)
        written = client.encrypt("production", "confidential")

        assert client.decrypt("production", written["payload"]) == "confidential"
        with pytest.raises(RefusedError):
            client.decrypt("staging", written["payload"])
        assert client.encrypt("staging", "confidential")["term"] != written["term"]
        with pytest.raises(RefusedError, match="NotFound"):
            client.open("curious", staging, keyset={"Name": "production"})
