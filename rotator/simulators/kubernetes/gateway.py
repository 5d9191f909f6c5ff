"""The front door of the simulated API server: tokens and rules, then what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.front_door import FrontDoor
from rotator.simulators.kubernetes.accounts import Account, account_of, must_see
from rotator.simulators.kubernetes.answers import refuse, refuse_for, spoil, success
from rotator.simulators.kubernetes.arrivals import Arrival, read_arrival
from rotator.simulators.kubernetes.controllers import settle
from rotator.simulators.kubernetes.discovery import (
    EMPTY_SCHEMA,
    SCHEMA_PATH,
    SCHEMA_TYPE,
    discovered,
    health_of,
)
from rotator.simulators.kubernetes.operations import perform
from rotator.simulators.kubernetes.refusals import (
    RefusalError,
    no_such_path,
    not_acceptable,
    not_allowed,
)
from rotator.simulators.kubernetes.shapes import Call, FaultRule
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from rotator.simulators.kubernetes.world import World
    from rotator.simulators.messages import HttpRequest

_ACCEPTABLE = ("application/json", "application/*", "*/*")


class Gateway(FrontDoor[Arrival, FaultRule, str]):
    """Lets callers in; what they have done is told by who they were."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        super().__init__(world)
        self._world = world

    def forget(self) -> None:
        """Drop the requests that are under way."""
        self._late.clear()

    def _read(self, request: HttpRequest, base: str) -> Arrival:  # noqa: ARG002 - one for all hosts
        return read_arrival(self._world, request)

    def _strike(self, arrival: Arrival) -> FaultRule | None:
        return self._world.faults.strike(arrival.sighting, self._world.now())

    def _refusal(self, arrival: Arrival, rule: FaultRule) -> Answer | None:  # noqa: ARG002 - alike
        return refuse_for(rule)

    def _spoil(self, arrival: Arrival, answer: Answer, rule: FaultRule) -> Answer:  # noqa: ARG002
        return spoil(answer, rule, self._world.now())

    def _perform(self, arrival: Arrival) -> tuple[Answer, str | None]:
        settle(self._world)
        try:
            account = account_of(self._world, arrival.token)
            answer = self._answered(arrival, account)
        except RefusalError as refusal:
            return refuse(refusal), None
        settle(self._world)
        return answer, account.user

    def _answered(self, arrival: Arrival, account: Account) -> Answer:
        path = arrival.request.path
        if arrival.target is None:
            must_see(account, path)
            if health_of(path):
                return Answer(status=200, content_type="text/plain; charset=utf-8", body=b"ok")
            if path == SCHEMA_PATH:
                return Answer(status=200, content_type=SCHEMA_TYPE, body=EMPTY_SCHEMA)
            if (found := discovered(path)) is None:
                raise no_such_path()
            return success(200, found)
        if not arrival.verb:
            raise not_allowed()
        accepted = arrival.request.headers.get("accept", "*/*")
        if not any(kind in accepted for kind in _ACCEPTABLE):
            raise not_acceptable()
        return perform(self._world, arrival, arrival.target, account)

    def _log(
        self, arrival: Arrival, answer: Answer | None, rule: FaultRule | None, deed: str | None
    ) -> None:
        seen = arrival.sighting
        self._world.calls.append(
            Call.model_construct(
                at=self._world.now(),
                operation=seen.operation,
                namespace=seen.namespace,
                name=seen.name,
                caller=deed or seen.caller,
                user_agent=arrival.request.headers.get("user-agent", ""),
                is_whole=not arrival.is_partial,
                status=answer.status if answer else None,
                error=answer.error if answer else "",
                fault=rule.kind if rule else None,
            )
        )
