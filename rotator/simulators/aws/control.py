"""The endpoints under ``/_simulator/``: clock, settings, seed, policies, faults, state, calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends
from pydantic import TypeAdapter, ValidationError

from rotator.simulators.aws.answers import Answer
from rotator.simulators.aws.seeding import put_policies, seed
from rotator.simulators.aws.shapes import (
    AccountSeed,
    Call,
    ClockMove,
    ClockState,
    FaultRule,
    PolicyChange,
    Settings,
)
from rotator.simulators.aws.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from rotator.simulators.aws.gateway import Gateway
    from rotator.simulators.aws.signature import HttpRequest
    from rotator.simulators.aws.world import World

PREFIX = "/_simulator/"
_CALLS = TypeAdapter(list[Call])


class Control:
    """Answers control requests; not signed, loopback only."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        """Control this world."""
        self._world = world
        self._gateway = gateway
        self._routes: dict[tuple[str, str], Callable[[HttpRequest], bytes]] = {
            ("GET", "clock"): self._get_clock,
            ("PUT", "clock"): self._move_clock,
            ("GET", "settings"): self._get_settings,
            ("PUT", "settings"): self._put_settings,
            ("POST", "seed"): self._seed,
            ("PUT", "policies"): self._put_policies,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "state"): self._get_state,
            ("DELETE", "state"): self._reset,
            ("GET", "calls"): self._get_calls,
            ("DELETE", "calls"): self._clear_calls,
        }

    def answer(self, request: HttpRequest) -> Answer:
        """Carry out one control request; a bad one is answered with 400 and the reason."""
        handler = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if handler is None:
            return _text(404, f"no such endpoint: {request.method} {request.path}")
        try:
            with self._world.lock:
                body = handler(request)
        except ValidationError as error:
            # Without the input: a seed may hold secrets.
            return _text(400, error.json(include_input=False, include_url=False))
        except ValueError as error:
            return _text(400, str(error))
        return Answer(status=200, content_type="application/json", body=body)

    def _get_clock(self, _request: HttpRequest) -> bytes:
        return _json(ClockState(now=self._world.now()))

    def _move_clock(self, request: HttpRequest) -> bytes:
        move = ClockMove.model_validate_json(request.body)
        if (move.now is None) == (move.advance_seconds is None):
            msg = "give exactly one of now and advance_seconds"
            raise ValueError(msg)
        now = self._world.now()
        if move.now is not None and move.now < now:
            msg = f"the clock is at {now.isoformat()} and never goes back"
            raise ValueError(msg)
        self._travel(move.now or now + timedelta(seconds=move.advance_seconds or 0))
        return self._get_clock(request)

    def _travel(self, target: datetime) -> None:
        # Late requests take effect at their own instants, so stop at each.
        while (stop := self._gateway.next_landing()) is not None and stop <= target:
            self._world.time.move_to(stop)
            self._gateway.land_due()
        self._world.time.move_to(target)

    def _get_settings(self, _request: HttpRequest) -> bytes:
        return _json(self._world.settings)

    def _put_settings(self, request: HttpRequest) -> bytes:
        self._world.settings = Settings.model_validate_json(request.body)
        return _json(self._world.settings)

    def _seed(self, request: HttpRequest) -> bytes:
        return _json(seed(self._world, AccountSeed.model_validate_json(request.body)))

    def _put_policies(self, request: HttpRequest) -> bytes:
        put_policies(self._world, PolicyChange.model_validate_json(request.body))
        return b"{}"

    def _add_fault(self, request: HttpRequest) -> bytes:
        self._world.faults.add(FaultRule.model_validate_json(request.body))
        return b"{}"

    def _clear_faults(self, _request: HttpRequest) -> bytes:
        self._world.faults.clear()
        return b"{}"

    def _get_state(self, request: HttpRequest) -> bytes:
        self._gateway.land_due()
        wanted = {name: values[-1] for name, values in parse_qs(request.query).items()}
        return _json(
            state_of(
                self._world,
                account_id=wanted.get("account", ""),
                user=wanted.get("user", ""),
                secret=wanted.get("secret", ""),
            )
        )

    def _reset(self, _request: HttpRequest) -> bytes:
        for backends in (iam_backends, secretsmanager_backends, sts_backends):
            backends.clear()
        self._gateway.forget()
        self._world.reset()
        return b"{}"

    def _get_calls(self, request: HttpRequest) -> bytes:
        wanted = parse_qs(request.query)
        operations = wanted.get("operation", [])
        start = int(wanted.get("start", ["0"])[-1])
        calls = islice(self._world.calls, start, None)
        return _CALLS.dump_json([c for c in calls if not operations or c.operation in operations])

    def _clear_calls(self, _request: HttpRequest) -> bytes:
        self._world.calls.clear()
        return b"{}"


def _json(shape: BaseModel) -> bytes:
    return shape.model_dump_json().encode()


def _text(status: int, text: str) -> Answer:
    return Answer(status=status, content_type="text/plain; charset=utf-8", body=text.encode())
