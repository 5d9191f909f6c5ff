"""One simulated AWS for each module, and nothing else that a client could reach."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from rotator.simulators.aws.clients import SimulatedClients
from rotator.simulators.aws.process import SimulatedAws
from tests.adapters.aws.cloud import ACCOUNT, Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session


def _only_loopback(**sent: Any) -> None:  # noqa: ANN401 - botocore's own signature
    assert sent["request"].url.startswith("http://127.0.0.1:")


def _no_sleep(seconds: float) -> None:
    """Stand in for botocore's pauses between attempts."""


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    # Adversarial defaults: what the environment says must not make us try again.
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=_no_sleep))


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedAws]:
    with SimulatedAws() as process:
        yield process


@pytest.fixture(scope="module")
def _hands(_process: SimulatedAws) -> SimulatedClients:
    return SimulatedClients(_process.url)


@pytest.fixture(scope="module")
def _core() -> Session:
    core = botocore.session.get_session()
    core.register("before-send", _only_loopback)
    return core


@pytest.fixture
def cloud(_process: SimulatedAws, _hands: SimulatedClients, _core: Session) -> Cloud:
    _process.reset()
    return Cloud(_process, _hands, _core, _process.seed(ACCOUNT))
