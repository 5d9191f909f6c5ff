"""The destination keeps the port's contract in front of the simulated API server."""

from __future__ import annotations

from tests.adapters.kubernetes.secret_contract import KubernetesSecretContract


class TestKubernetesSecrets(KubernetesSecretContract):
    """With the fixture `bench` of this directory."""
