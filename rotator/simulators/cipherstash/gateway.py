"""The front door: faults, tokens and roles, then what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.access_keys import authorise
from rotator.simulators.cipherstash.answers import REFUSED, refuse, refuse_for, spoil, success
from rotator.simulators.cipherstash.arrivals import Arrival, read_arrival
from rotator.simulators.cipherstash.refusals import RefusalError
from rotator.simulators.cipherstash.shapes import Call, FaultRule
from rotator.simulators.cipherstash.tokens import key_of, read_claims
from rotator.simulators.cipherstash.visits import Caller, Done, Visit
from rotator.simulators.front_door import FrontDoor

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.world import World
    from rotator.simulators.messages import Answer, HttpRequest


class Gateway(FrontDoor[Arrival, FaultRule, tuple[Caller, Done]]):
    """Lets callers in; what they have done is told by who they were and what came of it."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        super().__init__(world)
        self._world = world

    def _read(self, request: HttpRequest, base: str) -> Arrival:
        return read_arrival(self._world, request, base)

    def _strike(self, arrival: Arrival) -> FaultRule | None:
        return self._world.faults.strike(arrival.sighting, self._world.now())

    def _refusal(self, arrival: Arrival, rule: FaultRule) -> Answer | None:
        if rule.kind not in REFUSED:
            return None
        return refuse_for(rule, self._world.settings, arrival.request)

    def _perform(self, arrival: Arrival) -> tuple[Answer, tuple[Caller, Done] | None]:
        try:
            deed = self._do(arrival)
        except RefusalError as refusal:
            return refuse(refusal, self._world.settings, arrival.request), None
        return success(deed[1]), deed

    def _spoil(self, arrival: Arrival, answer: Answer, rule: FaultRule) -> Answer:
        return spoil(answer, rule, self._world.settings, arrival.request)

    def _do(self, arrival: Arrival) -> tuple[Caller, Done]:
        if isinstance(arrival.asked, RefusalError):
            raise arrival.asked
        if isinstance(arrival.fields, RefusalError):
            raise arrival.fields
        operation, argument = arrival.asked
        if operation.perform is None:
            return authorise(self._world, arrival.address, arrival.fields)
        caller = self._caller(arrival)
        if operation.scope:
            caller.must(operation.scope)
        visit = Visit(
            world=self._world,
            address=arrival.address,
            fields=arrival.fields,
            argument=argument,
            caller=caller,
        )
        return caller, operation.perform(visit)

    def _caller(self, arrival: Arrival) -> Caller:
        """Let a token in."""
        for workspace in self._world.workspaces.values():
            if arrival.token == workspace.human:
                return Caller(workspace=workspace)
        claims = read_claims(arrival.token, self._world.token_secret)
        if claims is None:
            raise RefusalError(401, "Invalid token")
        found = self._world.find_access_key(key_of(claims), arrival.address.region)
        if found is None:
            raise RefusalError(401, "Invalid token: no such workspace here")
        workspace, key = found
        settings = self._world.settings
        is_gone = not key.life.is_accepted(self._world.now(), settings)
        is_ended = settings.tokens_end_at_revocation and is_gone
        if claims["exp"] <= self._world.token_time() or is_ended:
            raise RefusalError(401, "Token expired")
        key.calls.at.append(self._world.now())
        return Caller(workspace=workspace, key=key)

    def _log(
        self,
        arrival: Arrival,
        answer: Answer | None,
        rule: FaultRule | None,
        deed: tuple[Caller, Done] | None,
    ) -> None:
        seen = arrival.sighting
        self._world.calls.append(
            Call.model_construct(
                at=self._world.now(),
                service=arrival.address.service.value,
                operation=seen.operation,
                workspace_id=seen.workspace_id,
                caller=seen.caller,
                role=deed[0].role if deed else "",
                user_agent=arrival.request.headers.get("user-agent", ""),
                name=seen.name,
                client_id=seen.client_id,
                keyset=seen.keyset,
                subject_id=deed[1].subject if deed else "",
                asked_role=arrival.told.get("role", ""),
                status=answer.status if answer else None,
                error=answer.error if answer else "",
                is_effective=deed is not None,
                fault=rule.kind if rule else None,
            )
        )
