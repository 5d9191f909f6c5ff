"""The front door of the simulated Stage5: keys, sessions and scopes, then what was asked for."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from rotator.simulators.front_door import FrontDoor
from rotator.simulators.stage5.access_keys import admit
from rotator.simulators.stage5.answers import refuse, refuse_for, spoil, success
from rotator.simulators.stage5.arrivals import Arrival, person_id_in, read_arrival
from rotator.simulators.stage5.refusals import RefusalError, not_admitted, not_found
from rotator.simulators.stage5.shapes import Call, FaultRule
from rotator.simulators.stage5.visits import Caller, Done, Visit
from rotator.simulators.stage5.workspaces import SESSION_PREFIX, Use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.messages import Answer, HttpRequest
    from rotator.simulators.stage5.routes import Operation
    from rotator.simulators.stage5.world import World

_LOOPBACK = "127.0.0.1"


class Gateway(FrontDoor[Arrival, FaultRule, tuple[Caller, str]]):
    """Lets callers in; what they have done is told by who they were and its subject's id."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        super().__init__(world)
        self._world = world

    def _read(self, request: HttpRequest, base: str) -> Arrival:  # noqa: ARG002 - one for all hosts
        return read_arrival(self._world, request)

    def _strike(self, arrival: Arrival) -> FaultRule | None:
        return self._world.faults.strike(arrival.sighting, self._world.now())

    def _refusal(self, arrival: Arrival, rule: FaultRule) -> Answer | None:  # noqa: ARG002 - alike
        return refuse_for(rule)

    def _spoil(self, arrival: Arrival, answer: Answer, rule: FaultRule) -> Answer:  # noqa: ARG002
        return spoil(answer, rule)

    def _perform(self, arrival: Arrival) -> tuple[Answer, tuple[Caller, str] | None]:
        caller = None
        try:
            if isinstance(arrival.asked, RefusalError):
                raise arrival.asked
            caller = self._caller(arrival)
            done = self._do(arrival, caller, *arrival.asked)
        except RefusalError as refusal:
            return refuse(refusal), (caller, "") if caller else None
        return success(done), (caller, done.subject)

    def _do(
        self, arrival: Arrival, caller: Caller, operation: Operation, arguments: Mapping[str, str]
    ) -> Done:
        # Another workspace must look as if it did not exist.
        if arguments.get("workspace", caller.workspace.id) != caller.workspace.id:
            raise not_found("workspace")
        if operation.scope is not None:
            caller.must(operation.scope)
        if isinstance(arrival.body, RefusalError):
            raise arrival.body
        return operation.perform(
            Visit(
                world=self._world,
                arguments=arguments,
                query=arrival.query,
                body=arrival.body,
                caller=caller,
            )
        )

    def _caller(self, arrival: Arrival) -> Caller:
        token = arrival.token
        if token is None:
            reason = "Send the header Authorization: Bearer <access key>."
            raise not_admitted("wrong_format", reason)
        if token.startswith(SESSION_PREFIX):
            return self._person(token)
        workspace, key = admit(self._world, token)
        headers = arrival.request.headers
        address = headers.get("x-forwarded-for", _LOOPBACK)
        agent = headers.get("user-agent", "")
        use = Use(at=self._world.now(), address=address, user_agent=agent)
        key.uses.add(use, self._world.settings.last_used_every_seconds)
        return Caller(workspace=workspace, key=key)

    def _person(self, session: str) -> Caller:
        found = self._world.find_person(person_id_in(session))
        if found is None or not hmac.compare_digest(found[1].session.encode(), session.encode()):
            raise not_admitted("unknown_session", "Sign in again.")
        return Caller(workspace=found[0], person=found[1])

    def _log(
        self,
        arrival: Arrival,
        answer: Answer | None,
        rule: FaultRule | None,
        deed: tuple[Caller, str] | None,
    ) -> None:
        seen = arrival.sighting
        self._world.calls.append(
            Call.model_construct(
                at=self._world.now(),
                operation=seen.operation,
                workspace_id=seen.workspace_id,
                caller=seen.caller,
                is_let_in=deed is not None,
                user_agent=arrival.request.headers.get("user-agent", ""),
                name=seen.name,
                key_id=seen.key_id,
                subject_id=deed[1] if deed else "",
                status=answer.status if answer else None,
                error=answer.error if answer else "",
                fault=rule.kind if rule else None,
            )
        )
