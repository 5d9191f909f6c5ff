"""What the adapters say when the service turns us away is what the alerts listen for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rotator.core.secret import Secret
from rotator.errors import RotatorError
from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.client_keys import CipherStashClientKeys
from rotator.simulators.cipherstash.process import SimulatedCipherStash
from rotator.simulators.cipherstash.shapes import WorkspaceSeed
from tests.adapters.cipherstash.service import ACCOUNT, OTHER_ACCOUNT, Service
from tests.alerts.promtool import alerts
from tests.alerts.test_alerts import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.process

ADMISSION = "CipherStashAdmissionRefused"
PAYMENT = "CipherStashPaymentRequired"
CHANGED = "CipherStashApiChanged"


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatedCipherStash]:
    with SimulatedCipherStash() as process:
        yield process


@pytest.fixture
def service(_process: SimulatedCipherStash) -> Iterator[Service]:
    _process.reset()
    made = Service(_process)
    yield made
    made.close()


def codes(service: Service, own_key: str) -> set[str]:
    """Look for principals as a scan does, by a key of ours; returns how that failed."""
    config = replace(service.new_config(), admin=lambda: Secret(own_key))
    admission = service.new_admission(config)
    found = set()
    for provider in (CipherStashAccessKeys([admission]), CipherStashClientKeys([admission])):
        try:
            list(provider.principals(ACCOUNT))
        except RotatorError as error:
            found.add(error.code)
    return found


def raised(code: str) -> set[str]:
    """Name this service's alerts that select a code, as scans and effects give it."""
    ours = (alert for alert in alerts().values() if "cipherstash-.+" in selected(alert, "provider"))
    return {alert.name for alert in ours if code in selected(alert, "code")}


KEYS: dict[str, Callable[[Service], str]] = {
    "was revoked": lambda _: "CSAKAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA",
    "is none": lambda _: '"not a key"',
    "is a member's": lambda service: service.access_key("the-member").reveal(),
    "is a control key": lambda service: service.access_key("the-control").reveal(),
    "is another workspace's": lambda service: (
        service.process.seed(WorkspaceSeed(workspace_id=OTHER_ACCOUNT)).admin.access_key
    ),
}


def test_a_key_that_is_good_raises_nothing(service: Service) -> None:
    assert codes(service, service.seeded.admin.access_key) == set()


@pytest.mark.parametrize("how", KEYS)
def test_an_own_key_that_is_refused_raises_its_alert(service: Service, how: str) -> None:
    found = codes(service, KEYS[how](service))

    assert found
    assert [raised(code) for code in found] == [{ADMISSION}] * len(found)


def test_a_workspace_that_must_be_paid_for_raises_its_alert(service: Service) -> None:
    service.configure(unpaid=(ACCOUNT,))

    found = codes(service, service.seeded.admin.access_key)

    assert [raised(code) for code in found] == [{PAYMENT}]


@pytest.mark.parametrize("operation", ["authorise", "list-access-keys", "list-clients"])
def test_a_path_that_has_moved_raises_its_alert(service: Service, operation: str) -> None:
    service.configure(moved={operation: "/elsewhere"})

    found = codes(service, service.seeded.admin.access_key)

    assert [raised(code) for code in found] == [{CHANGED}]


def test_a_revocation_that_has_moved_raises_its_alert(service: Service) -> None:
    provider = CipherStashAccessKeys([service.admission])
    victim = next(of for of in provider.principals(ACCOUNT) if of.name == "the-member")
    (key,) = provider.list_keys(victim).keys
    service.configure(moved={"revoke-access-key": "/elsewhere"})

    with pytest.raises(RotatorError) as refused:
        provider.delete_key(victim, key.key_id, not_after=service.soon())

    assert raised(refused.value.code) == {CHANGED}
    assert key in provider.list_keys(victim).keys
