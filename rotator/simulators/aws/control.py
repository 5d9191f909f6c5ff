"""The endpoints under ``/_simulator/`` that are AWS's own: settings, seed, policies, state."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends
from pydantic import TypeAdapter

from rotator.simulators.aws.seeding import put_policies, seed
from rotator.simulators.aws.shapes import (
    AccountSeed,
    Call,
    FaultRule,
    PolicyChange,
    Settings,
)
from rotator.simulators.aws.state import state_of
from rotator.simulators.control import ControlDesk, as_json, asked_for

if TYPE_CHECKING:
    from rotator.simulators.aws.gateway import Gateway
    from rotator.simulators.aws.world import World
    from rotator.simulators.messages import HttpRequest

_CALLS = TypeAdapter(list[Call])


class Control(ControlDesk):
    """Controls one simulated AWS."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        """Control this world."""
        self._aws, self._gateway = world, gateway
        super().__init__(
            world,
            gateway,
            {
                ("GET", "settings"): self._get_settings,
                ("PUT", "settings"): self._put_settings,
                ("POST", "seed"): self._seed,
                ("PUT", "policies"): self._put_policies,
                ("POST", "faults"): self._add_fault,
                ("GET", "state"): self._get_state,
                ("DELETE", "state"): self._reset,
                ("GET", "calls"): self._get_calls,
            },
        )

    def _get_settings(self, _request: HttpRequest) -> bytes:
        return as_json(self._aws.settings)

    def _put_settings(self, request: HttpRequest) -> bytes:
        self._aws.settings = Settings.model_validate_json(request.body)
        return as_json(self._aws.settings)

    def _seed(self, request: HttpRequest) -> bytes:
        return as_json(seed(self._aws, AccountSeed.model_validate_json(request.body)))

    def _put_policies(self, request: HttpRequest) -> bytes:
        put_policies(self._aws, PolicyChange.model_validate_json(request.body))
        return b"{}"

    def _add_fault(self, request: HttpRequest) -> bytes:
        self._aws.faults.add(FaultRule.model_validate_json(request.body))
        return b"{}"

    def _get_state(self, request: HttpRequest) -> bytes:
        self._gateway.land_due()
        wanted = {name: values[-1] for name, values in parse_qs(request.query).items()}
        return as_json(
            state_of(
                self._aws,
                account_id=wanted.get("account", ""),
                user=wanted.get("user", ""),
                secret=wanted.get("secret", ""),
            )
        )

    def _reset(self, _request: HttpRequest) -> bytes:
        for backends in (iam_backends, secretsmanager_backends, sts_backends):
            backends.clear()
        self._gateway.forget()
        self._aws.reset()
        return b"{}"

    def _get_calls(self, request: HttpRequest) -> bytes:
        return _CALLS.dump_json(asked_for(self._aws.calls, request))
