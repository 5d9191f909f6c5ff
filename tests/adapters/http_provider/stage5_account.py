"""The filled-in spec in front of an embedded Stage5, entered as an operator's account."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rotator.clients.http import HttpClient, HttpConfig
from rotator.core.ids import AccountId
from rotator.core.secret import Secret
from rotator.providers.http.accounts import HttpAccount
from rotator.providers.http.api_keys import HttpApiKeys
from rotator.providers.http.provider import http_provider
from rotator.settings.http_spec import load_spec
from rotator.simulators.stage5.shapes import FaultKind, FaultRule
from rotator.testing.bench import Fault
from rotator.testing.manual_clock import SeededChance
from tests.gates.tree import ROOT
from tests.simulators.acme import WORKSPACE, Acme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.ports.provider import KeyProvider

SPEC = load_spec(ROOT / "rotator" / "simulators" / "stage5" / "spec.yaml")
ACCOUNT = AccountId("stage5-acme")
HOST = "stage5.simulated"
LIFETIME = timedelta(days=120)
SETTLING = timedelta(minutes=2)

CHANGES = ("create-access-key", "revoke-access-key")
FAULTS = {
    Fault.LOST_ANSWER: FaultKind.LOSE_ANSWER,
    Fault.THROTTLED: FaultKind.THROTTLE,
    Fault.DENIED: FaultKind.ACCESS_DENIED,
}


class Stage5Account:
    """One workspace, and an account of ours that is entered with the key named `rotator`."""

    def __init__(self, **acme: Any) -> None:  # noqa: ANN401 - what `Acme` takes
        self.acme = Acme(**acme)
        self.token = self.acme.admin
        self.told: list[tuple[str, str]] = []
        self.client = HttpClient(
            HttpConfig(origins=(f"http://{HOST}",), allow_private=True, attempts=2),
            self.acme.clock,
            SeededChance(),
            monotonic=lambda: self.acme.now().timestamp(),
            on_call=lambda operation, code, *_, **__: self.told.append((operation, code)),
            resolve=lambda _name, _port: ["127.0.0.1"],
            sockets=self.acme.simulator.sockets(),
        )

    def account(self) -> HttpAccount:
        return HttpAccount(
            id=ACCOUNT,
            base_url=f"http://{HOST}/v1",
            client=self.client,
            params={"workspace": WORKSPACE},
            credentials={"admin": lambda: Secret(self.token)},
            lifetime=LIFETIME,
        )

    def provider(self) -> KeyProvider:
        return http_provider(SPEC, [self.account()], self.acme.clock, SeededChance())

    def api_keys(self) -> HttpApiKeys:
        return HttpApiKeys(SPEC, self.account(), self.acme.clock, SeededChance())

    def settle(self) -> None:
        self.acme.clock.advance(SETTLING)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        # What is read before a change may be lost as well, but that is another story.
        operations = CHANGES if fault is Fault.LOST_ANSWER else ("*",)
        for operation in operations:
            rule = FaultRule(kind=FAULTS[fault], operation=operation, times=None)
            self.acme.world.faults.add(rule)
        try:
            yield
        finally:
            self.acme.world.faults.clear()
