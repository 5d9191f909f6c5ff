"""The endpoints under ``/_simulator/`` that are the cluster's own: seed, settings, state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rotator.simulators.control import ControlDesk, as_json, asked_for
from rotator.simulators.kubernetes.breaking import set_broken
from rotator.simulators.kubernetes.seeding import seed
from rotator.simulators.kubernetes.shapes import (
    BrokenWorkload,
    Call,
    ClusterSeed,
    FaultRule,
    Settings,
    TlsEndpoint,
)
from rotator.simulators.kubernetes.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.simulators.kubernetes.gateway import Gateway
    from rotator.simulators.kubernetes.world import World
    from rotator.simulators.messages import HttpRequest

_CALLS = TypeAdapter(list[Call])


class Control(ControlDesk):
    """Controls one simulated cluster."""

    def __init__(self, world: World, gateway: Gateway, tls: Callable[[], TlsEndpoint]) -> None:
        """Control this world.

        Args:
            world: What is behind the gateway.
            gateway: Where calls arrive.
            tls: Tells where it is served by TLS, and starts to serve it so.
        """
        self._cluster, self._gateway, self._tls = world, gateway, tls
        super().__init__(
            world,
            gateway,
            {
                ("GET", "settings"): self._get_settings,
                ("PUT", "settings"): self._put_settings,
                ("POST", "seed"): self._seed,
                ("POST", "faults"): self._add_fault,
                ("PUT", "broken"): self._set_broken,
                ("GET", "tls"): self._get_tls,
                ("GET", "state"): self._get_state,
                ("DELETE", "state"): self._reset,
                ("GET", "calls"): self._get_calls,
            },
        )

    def _get_settings(self, _request: HttpRequest) -> bytes:
        return as_json(self._cluster.settings)

    def _put_settings(self, request: HttpRequest) -> bytes:
        self._cluster.settings = Settings.model_validate_json(request.body)
        return as_json(self._cluster.settings)

    def _seed(self, request: HttpRequest) -> bytes:
        return as_json(seed(self._cluster, ClusterSeed.model_validate_json(request.body)))

    def _add_fault(self, request: HttpRequest) -> bytes:
        self._cluster.faults.add(FaultRule.model_validate_json(request.body))
        return b"{}"

    def _set_broken(self, request: HttpRequest) -> bytes:
        set_broken(self._cluster, BrokenWorkload.model_validate_json(request.body))
        return b"{}"

    def _get_tls(self, _request: HttpRequest) -> bytes:
        return as_json(self._tls())

    def _get_state(self, _request: HttpRequest) -> bytes:
        self._gateway.land_due()
        return as_json(state_of(self._cluster))

    def _reset(self, _request: HttpRequest) -> bytes:
        self._gateway.forget()
        self._cluster.reset()
        return b"{}"

    def _get_calls(self, request: HttpRequest) -> bytes:
        return _CALLS.dump_json(asked_for(self._cluster.calls, request))
