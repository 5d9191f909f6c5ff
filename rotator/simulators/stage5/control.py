"""The endpoints under ``/_simulator/`` that are Stage5's own: seed, settings, state."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from pydantic import TypeAdapter

from rotator.simulators.control import ControlDesk, as_json, asked_for
from rotator.simulators.stage5.seeding import seed
from rotator.simulators.stage5.shapes import Call, FaultRule, Settings, WorkspaceSeed
from rotator.simulators.stage5.state import state_of

if TYPE_CHECKING:
    from rotator.simulators.messages import HttpRequest
    from rotator.simulators.stage5.gateway import Gateway
    from rotator.simulators.stage5.world import World

_CALLS = TypeAdapter(list[Call])


class Control(ControlDesk):
    """Controls one simulated Stage5."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        """Control this world."""
        self._stage5, self._gateway = world, gateway
        super().__init__(
            world,
            gateway,
            {
                ("GET", "settings"): self._get_settings,
                ("PUT", "settings"): self._put_settings,
                ("POST", "seed"): self._seed,
                ("POST", "faults"): self._add_fault,
                ("GET", "state"): self._get_state,
                ("DELETE", "state"): self._reset,
                ("GET", "calls"): self._get_calls,
            },
        )

    def _get_settings(self, _request: HttpRequest) -> bytes:
        return as_json(self._stage5.settings)

    def _put_settings(self, request: HttpRequest) -> bytes:
        self._stage5.settings = Settings.model_validate_json(request.body)
        return as_json(self._stage5.settings)

    def _seed(self, request: HttpRequest) -> bytes:
        return as_json(seed(self._stage5, WorkspaceSeed.model_validate_json(request.body)))

    def _add_fault(self, request: HttpRequest) -> bytes:
        self._stage5.faults.add(FaultRule.model_validate_json(request.body))
        return b"{}"

    def _get_state(self, request: HttpRequest) -> bytes:
        self._gateway.land_due()
        wanted = parse_qs(request.query).get("workspace", [""])[-1]
        return as_json(state_of(self._stage5, workspace_id=wanted))

    def _reset(self, _request: HttpRequest) -> bytes:
        self._gateway.forget()
        self._stage5.reset()
        return b"{}"

    def _get_calls(self, request: HttpRequest) -> bytes:
        return _CALLS.dump_json(asked_for(self._stage5.calls, request))
