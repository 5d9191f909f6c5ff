"""A real cluster, where one is given; its user must have a token.

``ROTATOR_TEST_KUBECONFIG`` is the path of a kubeconfig. Its user may make namespaces, and
Secrets in them, and has a token, such as ``kubectl create token`` makes. A namespace of our
own is made and deleted.
"""

from __future__ import annotations

import os
import ssl
from base64 import b64decode
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from rotator.clients.http import HttpClient, HttpConfig
from rotator.clients.kubernetes import KubernetesApi
from rotator.telemetry.clock import SystemChance, SystemClock, monotonic_seconds
from tests.adapters.kubernetes.cluster import Hands

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rotator.simulators.kubernetes.shapes import FaultKind

KUBECONFIG = os.environ.get("ROTATOR_TEST_KUBECONFIG", "")


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a cluster is, and how it is entered."""

    server: str
    ca_file: Path | None
    token: str


def access(kubeconfig: Path, folder: Path) -> Access | None:
    """Read the current context of a kubeconfig; None if its user has no token."""
    told: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    context = _named(told, "contexts", told["current-context"])["context"]
    cluster = _named(told, "clusters", context["cluster"])["cluster"]
    token = _named(told, "users", context["user"])["user"].get("token")
    ca_file = None
    if "certificate-authority-data" in cluster:
        ca_file = folder / "ca.crt"
        ca_file.write_bytes(b64decode(cluster["certificate-authority-data"]))
    elif "certificate-authority" in cluster:
        ca_file = kubeconfig.parent / cluster["certificate-authority"]
    return Access(server=cluster["server"], ca_file=ca_file, token=token) if token else None


def _named(told: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in told[kind] if item["name"] == name)
    return found


class RealCluster(Hands):
    """A cluster that somebody else runs, in a namespace of our own."""

    def __init__(self, found: Access, folder: Path) -> None:
        self.clock = SystemClock()
        self.namespace = f"rotator-test-{token_hex(4)}"
        self.token_file = folder / "token"
        self.token_file.write_text(found.token)
        self.http = HttpClient(
            HttpConfig(origins=(found.server,), allow_private=True, ca_file=found.ca_file),
            self.clock,
            SystemChance(),
            monotonic=monotonic_seconds,
        )
        self.api = KubernetesApi(
            self.http, self.clock, server=found.server, token_file=self.token_file
        )
        self.hand = httpx.Client(
            base_url=found.server,
            verify=ssl.create_default_context(cafile=found.ca_file) if found.ca_file else True,
            headers={"authorization": f"Bearer {found.token}"},
        )
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.by_hand("POST", "/api/v1/namespaces", body)

    def close(self) -> None:
        self.by_hand("DELETE", f"/api/v1/namespaces/{self.namespace}")
        self.http.close()
        self.hand.close()

    def failing(self, kind: FaultKind) -> AbstractContextManager[None]:
        pytest.skip("nobody breaks the wire of a real cluster")
