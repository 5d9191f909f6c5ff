"""The front door: faults, tokens and roles, then what was asked for."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rotator.simulators.cipherstash.access_keys import authorise
from rotator.simulators.cipherstash.answers import REFUSED, refuse, refuse_for, spoil, success
from rotator.simulators.cipherstash.arrivals import Arrival, read_arrival
from rotator.simulators.cipherstash.refusals import RefusalError
from rotator.simulators.cipherstash.shapes import Call, FaultKind, FaultRule
from rotator.simulators.cipherstash.tokens import key_of, read_claims
from rotator.simulators.cipherstash.visits import Caller, Done, Visit

if TYPE_CHECKING:
    from rotator.simulators.cipherstash.world import World
    from rotator.simulators.messages import Answer, HttpRequest

_DROPPED = frozenset({FaultKind.LOSE_REQUEST, FaultKind.LOSE_ANSWER, FaultKind.LAND_LATE})
_NOBODY = (None, Done(value=""))


class Gateway:
    """Answers calls, one at a time."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world
        self._late: list[tuple[datetime, Arrival]] = []

    def answer(self, request: HttpRequest, base: str) -> Answer | None:
        """Carry out one call; None means that the connection must be dropped.

        Args:
            request: As it arrived.
            base: By which address the simulator was called, such as ``http://127.0.0.1:40001``.
        """
        with self._world.lock:
            self.land_due()
            arrival = read_arrival(self._world, request, base)
            rule = self._world.faults.strike(arrival.sighting, self._world.now())
            if rule is None or rule.kind is not FaultKind.DELAY_REQUEST:
                return self._undergo(arrival, rule)
            self._log(arrival, None, rule, _NOBODY)
        threading.Event().wait(rule.seconds)
        with self._world.lock:
            return self._undergo(arrival, None)

    def forget(self) -> None:
        """Drop the requests that are still under way."""
        self._late.clear()

    def next_landing(self) -> datetime | None:
        """Return when the next late request takes effect, if one is under way."""
        return min((due for due, _ in self._late), default=None)

    def land_due(self) -> None:
        """Carry out the late requests whose time has come."""
        now = self._world.now()
        due = sorted((e for e in self._late if e[0] <= now), key=lambda entry: entry[0])
        self._late = [entry for entry in self._late if entry[0] > now]
        for _, arrival in due:
            self._carry_out(arrival, None)

    def _undergo(self, arrival: Arrival, rule: FaultRule | None) -> Answer | None:
        """Apply a fault that comes instead of the effect, or have the effect."""
        if rule is None or rule.kind not in {*REFUSED, FaultKind.LOSE_REQUEST, FaultKind.LAND_LATE}:
            return self._carry_out(arrival, rule)
        if rule.kind is FaultKind.LAND_LATE:
            self._late.append((self._world.now() + timedelta(seconds=rule.seconds), arrival))
        answer = None
        if rule.kind in REFUSED:
            answer = refuse_for(rule, self._world.settings, arrival.request)
        self._log(arrival, answer, rule, _NOBODY)
        return answer

    def _carry_out(self, arrival: Arrival, rule: FaultRule | None) -> Answer | None:
        settings, request = self._world.settings, arrival.request
        deed: tuple[Caller | None, Done] = _NOBODY
        try:
            deed = self._perform(arrival)
            answer = success(deed[1])
        except RefusalError as refusal:
            answer = refuse(refusal, settings, request)
        if rule is not None:
            answer = spoil(answer, rule, settings, request)
        is_dropped = rule is not None and rule.kind in _DROPPED
        self._log(arrival, None if is_dropped else answer, rule, deed)
        return None if is_dropped else answer

    def _perform(self, arrival: Arrival) -> tuple[Caller, Done]:
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
        deed: tuple[Caller | None, Done],
    ) -> None:
        seen, (caller, done) = arrival.sighting, deed
        self._world.calls.append(
            Call.model_construct(
                at=self._world.now(),
                service=arrival.address.service.value,
                operation=seen.operation,
                workspace_id=seen.workspace_id,
                caller=seen.caller,
                role=caller.role if caller else "",
                user_agent=arrival.request.headers.get("user-agent", ""),
                name=seen.name,
                client_id=seen.client_id,
                keyset=seen.keyset,
                subject_id=done.subject,
                asked_role=arrival.told.get("role", ""),
                status=answer.status if answer else None,
                error=answer.error if answer else "",
                is_effective=caller is not None,
                fault=rule.kind if rule else None,
            )
        )
