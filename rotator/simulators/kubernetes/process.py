"""The simulated cluster as tests and the demo use it: a child process and its controls."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rotator.simulators.child import DEFAULT_START, ChildSimulator
from rotator.simulators.kubernetes.shapes import (
    BrokenWorkload,
    Call,
    ClusterSeed,
    FaultRule,
    SeededCluster,
    Settings,
    State,
    TlsEndpoint,
)

if TYPE_CHECKING:
    from datetime import datetime

_CALLS = TypeAdapter(list[Call])


class SimulatedKubernetes(ChildSimulator):
    """A simulated API server in its own process, for the length of a ``with`` block."""

    def __init__(
        self, *, start: datetime = DEFAULT_START, is_ticking: bool = False, seed: int = 0
    ) -> None:
        """Choose the first instant (aware), whether time passes by itself, and the dice."""
        super().__init__(
            "rotator.simulators.kubernetes",
            start=start,
            is_ticking=is_ticking,
            arguments=("--seed", str(seed)),
        )

    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._get("settings", Settings)

    def configure(self, settings: Settings) -> None:
        """Replace the settings."""
        self._put("settings", settings, Settings)

    def seed(self, cluster: ClusterSeed) -> SeededCluster:
        """Add to the cluster; return what to reach it with."""
        return SeededCluster.model_validate_json(self._ask("POST", "seed", cluster))

    def add_fault(self, rule: FaultRule) -> None:
        """Arm a fault, after those that are armed."""
        self._ask("POST", "faults", rule)

    def set_broken(self, workload: BrokenWorkload) -> None:
        """Break a workload, or mend it."""
        self._ask("PUT", "broken", workload)

    def tls(self) -> TlsEndpoint:
        """Serve by TLS, too; return where, and whom to trust for it."""
        return self._get("tls", TlsEndpoint)

    def kubeconfig(self, token: str) -> str:
        """Return a kubeconfig for kubectl and Helm, for whom a token belongs to."""
        endpoint = self.tls()
        cluster = {
            "server": endpoint.url,
            "certificate-authority-data": b64encode(endpoint.ca.encode()).decode(),
        }
        name = "simulated"
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        return json.dumps(told)

    def state(self) -> State:
        """Return the whole truth."""
        return self._get("state", State)

    def calls(self, *operations: str, start: int = 0) -> list[Call]:
        """Return the calls so far, oldest first, of all operations or of these.

        Args:
            operations: Their names; none for all.
            start: How many of all calls to leave out at the beginning, 0 or more.
        """
        query = {"operation": [*operations], "start": [str(start)]}
        return _CALLS.validate_json(self._ask("GET", "calls", query=query))
