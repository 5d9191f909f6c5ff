"""One installation in a container, with the files where a pod has them."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.image.containers import USER, container, inspected, must, podman
from tests.process.installation import (
    QUICK,
    QUICK_GRACE,
    QUICK_TRAITS,
    REGION,
    Installation,
    eventually,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.simulators.aws.process import SimulatedAws

_GRACE_SECONDS = 60
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")


class RunningPod:
    """A container that runs the daemon, or ran it."""

    def __init__(self, container_id: str) -> None:
        self.id = container_id

    def log(self) -> str:
        """Everything that the container said, on both of its outputs."""
        done = podman("logs", self.id)
        return must(done) + done.stderr

    def lines(self) -> list[dict[str, Any]]:
        found = []
        for line in self.log().splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found

    def does(self, *command: str) -> str:
        """Run a command of the image beside the daemon, as `kubectl exec` would."""
        return must(podman("exec", self.id, *command))

    def told(self, event: str) -> dict[str, Any] | None:
        return next((line for line in self.lines() if line["event"] == event), None)

    def url(self) -> str:
        return str(eventually(self._served, what="an address")["url"])

    def _served(self) -> dict[str, Any] | None:
        assert inspected(self.id)["State"]["Running"], self.log()
        return self.told("probes served")

    def process(self) -> Path:
        """Where the host tells about the daemon's process."""
        return Path("/proc", str(inspected(self.id)["State"]["Pid"]))

    def changed(self) -> set[str]:
        """Paths of the root file system that are not as in the image, without ``/``."""
        told = must(podman("diff", self.id)).splitlines()
        return {line.partition(" ")[2].lstrip("/") for line in told}

    def stop(self) -> int:
        """End it as the kubelet does: SIGTERM, and after the grace SIGKILL."""
        must(podman("stop", "--time", str(_GRACE_SECONDS), self.id))
        return int(inspected(self.id)["State"]["ExitCode"])


class Pod(Installation):
    """Configuration and policy are read-only; only the journal's volume can be written."""

    def __init__(self, folder: Path, aws: SimulatedAws, image: str) -> None:
        super().__init__(folder, aws, is_confirmed=False)
        self.image = image
        self.database = folder / "data" / "rotator.db"

    def _write(self, mode: str, *, is_quick: bool) -> None:
        assert is_quick
        for name in ("config", "policy", "data"):
            (self.folder / name).mkdir(parents=True)
        os.chown(self.folder / "data", int(USER), int(USER))
        (self.folder / "config" / "rotator.yaml").write_text(
            f"apiVersion: rotator/v1\nkind: Configuration\nowner: test\nmode: {mode}\n"
            "policy: /etc/rotator-policy/policy.yaml\n"
            "journal: {url: 'sqlite:////var/lib/rotator/rotator.db'}\n"
            "audit: {file: /var/lib/rotator/audit.jsonl}\nweb: {port: 0}\n"
            f"{QUICK}aws:\n  region: {REGION}\n  endpointUrl: {self.aws.url}\n  {QUICK_TRAITS}\n"
            f"  accounts: [{{id: '{self.account}'}}]\n"
        )
        (self.folder / "policy" / "policy.yaml").write_text(
            "apiVersion: rotator/v1\nkind: Policy\n"
            f"defaults:\n  rotate: {{maxAge: 90d, rotateAfter: 67d}}\n  {QUICK_GRACE}\n"
            "rules:\n  - name: all\n    match: {principal: '*'}\n    action: rotate\n"
            "    destination: {type: aws-secrets-manager, secret: 'iam/{principal}'}\n"
        )

    @property
    def mounts(self) -> Sequence[str]:
        """The volumes of the pod, and the host's network, where the simulated AWS is."""
        places = {
            "config": "/etc/rotator:ro",
            "policy": "/etc/rotator-policy:ro",
            "data": "/var/lib/rotator",
        }
        volumes = [f"--volume={self.folder / name}:{place}" for name, place in places.items()]
        return [*volumes, "--network=host"]

    @contextmanager
    def started(self, *arguments: str) -> Iterator[RunningPod]:
        """Run one command in a container of its own; without arguments the daemon."""
        environ = {name: self.environ[name] for name in _CREDENTIALS}
        with container(
            self.image, *arguments, options=self.mounts, environ=environ
        ) as container_id:
            yield RunningPod(container_id)

    def answered(self, *arguments: str) -> str:
        """Run one command to its end, as `kubectl exec` would; it must succeed."""
        with self.started(*arguments) as running:
            code = must(podman("wait", running.id)).strip()
            assert code == "0", running.log()
            return running.log()
