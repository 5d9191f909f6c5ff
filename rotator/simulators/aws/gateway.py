"""The front door for AWS calls: faults, authentication, authorisation, then moto."""

from __future__ import annotations

import json
import threading
import traceback
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from moto.core.request import Request

from rotator.simulators.aws.faults import Sighting
from rotator.simulators.aws.iam import FaithfulIam
from rotator.simulators.aws.keys import Key, Use
from rotator.simulators.aws.refusals import Refusal, error_answer
from rotator.simulators.aws.secrets_manager import FaithfulSecretsManager
from rotator.simulators.aws.shapes import Call, FaultKind, FaultRule
from rotator.simulators.aws.signature import (
    Claim,
    HttpRequest,
    is_signed_with,
    read_claim,
    signed_at,
)
from rotator.simulators.aws.sts import FaithfulSts
from rotator.simulators.aws.trail import UnsimulatedLookupError, lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.core.responses import BaseResponse

    from rotator.simulators.aws.world import World

_RESPONDERS: dict[str, Callable[[World, Key], BaseResponse]] = {
    "iam": lambda world, _: FaithfulIam(world),
    "sts": FaithfulSts,
    "secretsmanager": lambda world, _: FaithfulSecretsManager(world),
}
_ALLOWED_TO_USERS = frozenset({"GetCallerIdentity", "GetSecretValue"})
_TOLD = (
    "Status",
    "ClientRequestToken",
    "VersionStages",
    "VersionStage",
    "MoveToVersionId",
    "RemoveFromVersionId",
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back; with a delay, that many real seconds later."""

    status: int
    content_type: str
    body: bytes
    error: str = ""
    delay_seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """A parsed request."""

    request: HttpRequest
    claim: Claim | None
    service: str
    sighting: Sighting
    told: dict[str, str]


class Gateway:
    """Answers AWS calls, one at a time."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world
        self._late: list[tuple[datetime, _Arrival]] = []

    def answer(self, request: HttpRequest) -> Answer | None:
        """Carry out one call; None means that the connection must be dropped."""
        arrival = _read(request)
        with self._world.lock:
            self.land_due()
            rule = self._world.faults.strike(arrival.sighting, self._world.now())
            if rule is None or rule.kind is not FaultKind.DELAY_REQUEST:
                return self._answer(arrival, rule)
            self._log(arrival, None, rule, is_effective=False)
        threading.Event().wait(rule.seconds)
        with self._world.lock:
            return self._answer(arrival, None)

    def _answer(self, arrival: _Arrival, rule: FaultRule | None) -> Answer | None:
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

    def _undergo(self, arrival: _Arrival, rule: FaultRule | None) -> tuple[Answer, bool]:
        """Apply a fault; return the answer, and whether the call took effect."""
        kind = rule.kind if rule else None
        if rule and kind is FaultKind.LAND_LATE:
            due = self._world.now() + timedelta(seconds=rule.seconds)
            self._late.append((due, arrival))
        if kind in (FaultKind.LOSE_REQUEST, FaultKind.LAND_LATE):
            return _refuse(arrival, Refusal.FAILED), False
        if kind in _REFUSED_BEFORE_AUTH:
            return _refuse(arrival, _REFUSED_BEFORE_AUTH[kind]), False
        done = self._carry_out(arrival, fault=_REFUSED_AFTER_AUTH.get(kind) if kind else None)
        if kind is FaultKind.SERVER_ERROR_AFTER:
            return _refuse(arrival, Refusal.FAILED), done[1]
        return done

    def _carry_out(self, arrival: _Arrival, *, fault: Refusal | None = None) -> tuple[Answer, bool]:
        caller = self._authenticate(arrival)
        refusal = caller if isinstance(caller, Refusal) else fault
        if isinstance(caller, Refusal) or refusal is Refusal.THROTTLED:
            return _refuse(arrival, refusal or Refusal.FAILED), False
        self._record_use(arrival, caller)
        if refusal is not None:
            return _refuse(arrival, refusal), False
        if not caller.principal.is_admin and arrival.sighting.operation not in _ALLOWED_TO_USERS:
            return _refuse(arrival, Refusal.DENIED), False
        answer = self._dispatch(arrival, caller)
        if arrival.sighting.operation == "CreateAccessKey" and not answer.error:
            arrival.told["CreatedAccessKeyId"] = _born(answer)
        return answer, not answer.error

    def _authenticate(self, arrival: _Arrival) -> Key | Refusal:
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

    def _record_use(self, arrival: _Arrival, key: Key) -> None:
        region = arrival.claim.region if arrival.claim else ""
        use = Use(at=self._world.now(), service=arrival.service, region=region)
        agent = arrival.request.headers.get("user-agent", "")
        key.record_use(use, agent=agent, settings=self._world.settings)

    def _dispatch(self, arrival: _Arrival, caller: Key) -> Answer:
        if arrival.service == "cloudtrail" and arrival.claim is not None:
            return self._look_up(arrival, caller, arrival.claim.region)
        if arrival.service not in _RESPONDERS or arrival.claim is None:
            return _refuse(arrival, Refusal.NOT_SIMULATED)
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
            return _refuse(arrival, Refusal.NOT_SIMULATED)
        except Exception:  # noqa: BLE001 - a fault inside moto is an answer, as it is at AWS
            traceback.print_exc()
            return _refuse(arrival, Refusal.FAILED)
        return _moto_answer(arrival.service, status, told, body)

    def _look_up(self, arrival: _Arrival, caller: Key, region: str) -> Answer:
        if arrival.sighting.operation != "LookupEvents":
            return _refuse(arrival, Refusal.NOT_SIMULATED)
        account, asked = caller.principal.account_id, _read_json(arrival.request.body)
        try:
            told = lookup(self._world, account, region, asked)
        except UnsimulatedLookupError:
            return _refuse(arrival, Refusal.NOT_SIMULATED)
        body = json.dumps(told).encode()
        return Answer(status=200, content_type="application/x-amz-json-1.1", body=body)

    def _log(
        self,
        arrival: _Arrival,
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
                user_agent=arrival.request.headers.get("user-agent", ""),
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


def _read(request: HttpRequest) -> _Arrival:
    claim = read_claim(request.headers.get("authorization", ""))
    target = request.headers.get("x-amz-target", "")
    parameters: Mapping[str, object]
    if target:
        parameters = _read_json(request.body)
        operation = target.rpartition(".")[2]
    else:
        parameters = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        operation = str(parameters.get("Action", ""))
    sighting = Sighting(
        operation=operation,
        user_name=str(parameters.get("UserName", "")),
        secret=_secret_name(str(parameters.get("SecretId", parameters.get("Name", "")))),
        access_key_id=str(parameters.get("AccessKeyId", "")),
        caller=claim.access_key_id if claim else "",
    )
    service = claim.service if claim else ("secretsmanager" if target else "sts")
    told = {name: _text(parameters[name]) for name in _TOLD if name in parameters}
    return _Arrival(request=request, claim=claim, service=service, sighting=sighting, told=told)


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _born(answer: Answer) -> str:
    """Read the id of a key that was made; its secret stays in the answer."""
    return answer.body.partition(b"<AccessKeyId>")[2].partition(b"</AccessKeyId>")[0].decode()


def _read_json(body: bytes) -> Mapping[str, object]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _secret_name(text: str) -> str:
    """Reduce an ARN to the name in it: ``arn:...:secret:NAME-abcdef``."""
    _, is_arn, name = text.partition(":secret:")
    return name.rpartition("-")[0] if is_arn else text


def _refuse(arrival: _Arrival, refusal: Refusal) -> Answer:
    status, error, content_type, body = error_answer(arrival.service, refusal)
    return Answer(status=status, error=error, content_type=content_type, body=body)


def _moto_answer(service: str, status: int, told: Mapping[str, str], body: str | bytes) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    if service == "secretsmanager":
        # moto answers 404 where Secrets Manager's protocol has 400 for every client error.
        error = _read_json(data).get("__type", "") if status >= 400 else ""  # noqa: PLR2004
        status = min(status, 400) if error else status
        return Answer(
            status=status, error=str(error), content_type="application/x-amz-json-1.1", body=data
        )
    content_type = str(told.get("Content-Type", "text/xml"))
    error = ""
    if status >= 400:  # noqa: PLR2004 - HTTP's own boundary
        error = data.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
    return Answer(status=status, error=error, content_type=content_type, body=data)
