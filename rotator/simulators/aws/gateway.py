"""The front door for AWS calls: faults, authentication, authorisation, then moto."""

from __future__ import annotations

import json
import threading
import traceback
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from moto.core.request import Request

from rotator.simulators.aws.answers import JSON, born_key, moto_answer, refuse
from rotator.simulators.aws.arrivals import Arrival, read_arrival
from rotator.simulators.aws.call_context import ask_of
from rotator.simulators.aws.iam import FaithfulIam
from rotator.simulators.aws.keys import Key, Principal, Use
from rotator.simulators.aws.refusals import Refusal
from rotator.simulators.aws.secrets_manager import FaithfulSecretsManager
from rotator.simulators.aws.shapes import Call, FaultKind, FaultRule
from rotator.simulators.aws.signature import is_signed_with, signed_at
from rotator.simulators.aws.sts import FaithfulSts
from rotator.simulators.aws.trail import UnsimulatedLookupError, lookup
from rotator.simulators.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import BaseResponse

    from rotator.simulators.aws.world import World
    from rotator.simulators.messages import HttpRequest

_RESPONDERS: dict[str, Callable[[World, Key], BaseResponse]] = {
    "iam": lambda world, _: FaithfulIam(world),
    "sts": FaithfulSts,
    "secretsmanager": FaithfulSecretsManager,
}
_REFUSED_BEFORE_AUTH = {
    FaultKind.SERVER_ERROR: Refusal.FAILED,
    FaultKind.CREDENTIAL_REVOKED: Refusal.UNKNOWN_KEY,
}
_REFUSED_AFTER_AUTH = {
    FaultKind.THROTTLE: Refusal.THROTTLED,
    FaultKind.RATE_LIMIT: Refusal.THROTTLED,
    FaultKind.ACCESS_DENIED: Refusal.DENIED,
}
_DROPPED = frozenset({FaultKind.LOSE_REQUEST, FaultKind.LOSE_ANSWER, FaultKind.LAND_LATE})


class Gateway:
    """Answers AWS calls, one at a time."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world
        self._late: list[tuple[datetime, Arrival]] = []

    def answer(self, request: HttpRequest) -> Answer | None:
        """Carry out one call; None means that the connection must be dropped."""
        arrival = read_arrival(request)
        with self._world.lock:
            self.land_due()
            rule = self._world.faults.strike(arrival.sighting, self._world.now())
            if rule is None or rule.kind is not FaultKind.DELAY_REQUEST:
                return self._answer(arrival, rule)
            self._log(arrival, None, rule, is_effective=False)
        threading.Event().wait(rule.seconds)
        with self._world.lock:
            return self._answer(arrival, None)

    def _answer(self, arrival: Arrival, rule: FaultRule | None) -> Answer | None:
        answer, is_effective = self._undergo(arrival, rule)
        is_dropped = rule is not None and rule.kind in _DROPPED
        self._log(arrival, None if is_dropped else answer, rule, is_effective=is_effective)
        if is_dropped:
            return None
        if rule is not None and rule.kind is FaultKind.DELAY_ANSWER:
            return replace(answer, delay_seconds=rule.seconds)
        return answer

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
            _, is_effective = self._carry_out(arrival)
            self._log(arrival, None, None, is_effective=is_effective)

    def _undergo(self, arrival: Arrival, rule: FaultRule | None) -> tuple[Answer, bool]:
        """Apply a fault; return the answer, and whether the call took effect."""
        kind = rule.kind if rule else None
        if rule and kind is FaultKind.LAND_LATE:
            due = self._world.now() + timedelta(seconds=rule.seconds)
            self._late.append((due, arrival))
        if kind in (FaultKind.LOSE_REQUEST, FaultKind.LAND_LATE):
            return refuse(arrival.service, Refusal.FAILED), False
        if kind in _REFUSED_BEFORE_AUTH:
            return refuse(arrival.service, _REFUSED_BEFORE_AUTH[kind]), False
        done = self._carry_out(arrival, fault=_REFUSED_AFTER_AUTH.get(kind) if kind else None)
        if kind is FaultKind.SERVER_ERROR_AFTER:
            return refuse(arrival.service, Refusal.FAILED), done[1]
        return done

    def _carry_out(self, arrival: Arrival, *, fault: Refusal | None = None) -> tuple[Answer, bool]:
        caller = self._authenticate(arrival)
        if isinstance(caller, Refusal):
            return refuse(arrival.service, caller), False
        account, operation = caller.principal.account_id, arrival.sighting.operation
        if fault is Refusal.THROTTLED or not self._world.has_token(account, operation):
            return refuse(arrival.service, Refusal.THROTTLED), False
        self._record_use(arrival, caller)
        if fault is not None:
            return refuse(arrival.service, fault), False
        if denial := self._denial(arrival, caller.principal):
            return refuse(arrival.service, Refusal.DENIED, denial), False
        answer = self._dispatch(arrival, caller)
        if operation == "CreateAccessKey" and not answer.error:
            arrival.told["CreatedAccessKeyId"] = born_key(answer)
        return answer, not answer.error

    def _denial(self, arrival: Arrival, principal: Principal) -> str:
        """Say why policies refuse a call; empty when they do not."""
        book, operation = self._world.policies, arrival.sighting.operation
        # AWS answers it even to those to whom a policy denies it.
        if operation == "GetCallerIdentity":
            return ""
        if operation != "AssumeRole" and not book.limits(principal):
            return ""
        return book.refusal(principal, ask_of(self._world, principal, arrival))

    def _authenticate(self, arrival: Arrival) -> Key | Refusal:
        claim, now = arrival.claim, self._world.now()
        if claim is None:
            return Refusal.UNSIGNED
        key = self._world.keys.find(claim.access_key_id)
        # An Inactive key is refused in the words for an unknown one (row 3).
        if key is None or not key.is_accepted(now, self._world.settings):
            return Refusal.UNKNOWN_KEY
        if arrival.request.headers.get("x-amz-security-token", "") != key.session_token:
            return Refusal.UNKNOWN_KEY
        if not is_signed_with(key.secret_access_key, claim, arrival.request):
            return Refusal.WRONG_SIGNATURE
        if self._is_stale(arrival.request, now):
            return Refusal.STALE_SIGNATURE
        if key.expires_at is not None and key.expires_at <= now:
            return Refusal.EXPIRED
        return key

    def _is_stale(self, request: HttpRequest, now: datetime) -> bool:
        window = self._world.settings.signature_window_seconds
        if window is None:
            return False
        signed = signed_at(request)
        return signed is None or abs(now - signed) > timedelta(seconds=window)

    def _record_use(self, arrival: Arrival, key: Key) -> None:
        use = Use(at=self._world.now(), service=arrival.service, region=arrival.region)
        key.record_use(use, agent=arrival.agent, settings=self._world.settings)

    def _dispatch(self, arrival: Arrival, caller: Key) -> Answer:
        if arrival.service == "cloudtrail" and arrival.claim is not None:
            return self._look_up(arrival, caller, arrival.claim.region)
        if arrival.service not in _RESPONDERS or arrival.claim is None:
            return refuse(arrival.service, Refusal.NOT_SIMULATED)
        responder = _RESPONDERS[arrival.service](self._world, caller)
        host = f"{arrival.service}.{arrival.claim.region}.amazonaws.com"
        headers = {
            **arrival.request.headers,
            "host": host,
            # moto's own way to name the account; without it, it scans for the key.
            "x-moto-account-id": caller.principal.account_id,
            "user-agent": "",
        }
        try:
            responder.setup_class(
                Request.from_primitives("POST", f"http://{host}/", headers, arrival.request.body)
            )
            status, told, body = responder.call_action()
        except NotImplementedError:
            return refuse(arrival.service, Refusal.NOT_SIMULATED)
        except Exception:  # noqa: BLE001 - a fault inside moto is an answer, as it is at AWS
            traceback.print_exc()
            return refuse(arrival.service, Refusal.FAILED)
        return moto_answer(arrival.service, status, told, body)

    def _look_up(self, arrival: Arrival, caller: Key, region: str) -> Answer:
        if arrival.sighting.operation != "LookupEvents":
            return refuse(arrival.service, Refusal.NOT_SIMULATED)
        account, asked = caller.principal.account_id, arrival.parameters
        try:
            told = lookup(self._world, account, region, asked)
        except UnsimulatedLookupError:
            return refuse(arrival.service, Refusal.NOT_SIMULATED)
        body = json.dumps(told).encode()
        return Answer(status=200, content_type=JSON, body=body)

    def _log(
        self,
        arrival: Arrival,
        answer: Answer | None,
        rule: FaultRule | None,
        *,
        is_effective: bool,
    ) -> None:
        seen = arrival.sighting
        key = self._world.keys.find(seen.caller)
        self._world.calls.append(
            Call.model_construct(
                at=self._world.now(),
                service=arrival.service,
                operation=seen.operation,
                account_id=key.principal.account_id if key else "",
                caller=seen.caller,
                user_agent=arrival.agent,
                user_name=seen.user_name,
                access_key_id=seen.access_key_id,
                secret=seen.secret,
                status=answer.status if answer else None,
                error=answer.error if answer else "",
                is_effective=is_effective,
                fault=rule.kind if rule else None,
                parameters=dict(arrival.told),
            )
        )
