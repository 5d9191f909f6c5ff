"""CloudTrail's event history, answered from the simulator's own log of calls.

Only `LookupEvents` by event name or by user name is simulated, and only what happens
to access keys is kept, as AWS writes it: a secret is never in the record.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.simulators.aws.shapes import Call
    from rotator.simulators.aws.world import World

_MINT = "CreateAccessKey"
_KEPT = frozenset({_MINT, "UpdateAccessKey", "DeleteAccessKey"})
_HOME = "us-east-1"
_PAGE_EVENTS = 50


class UnsimulatedLookupError(Exception):
    """The question is one that the simulator has no answer to."""


def lookup(
    world: World, account_id: str, region: str, asked: Mapping[str, Any]
) -> dict[str, object]:
    """Answer one LookupEvents, newest first.

    Args:
        world: Whose calls are looked up.
        account_id: Only this account's.
        region: IAM's events are in the history of one region only.
        asked: The request's fields.

    Raises:
        UnsimulatedLookupError: Anything but one attribute, an event that is kept or a
            caller's name.
    """
    wanted = [
        (item["AttributeKey"], item["AttributeValue"]) for item in asked.get("LookupAttributes", ())
    ]
    match wanted:
        case [("EventName", name)] if name in _KEPT:
            calls = [call for call in _shown(world) if call.operation == name]
        case [("Username", name)]:
            calls = [call for call in _shown(world) if _caller_name(world, call) == name]
        case _:
            raise UnsimulatedLookupError
    calls = [] if region != _HOME else [c for c in calls if c.account_id == account_id]
    since, until = asked.get("StartTime"), asked.get("EndTime")
    found = [
        call
        for call in reversed(calls)
        if (since is None or call.at.timestamp() >= since)
        and (until is None or call.at.timestamp() <= until)
    ]
    start = int(asked.get("NextToken", "0"))
    size = min(int(asked.get("MaxResults", _PAGE_EVENTS)), world.settings.max_page_size)
    answer: dict[str, object] = {
        "Events": [_event(world, call) for call in found[start : start + size]]
    }
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return answer


def _shown(world: World) -> Iterator[Call]:
    """Calls that took effect and that the history shows by now."""
    lag = timedelta(seconds=world.settings.trail_lag_seconds)
    for call in world.calls:
        if call.operation in _KEPT and call.is_effective and call.at + lag <= world.now():
            yield call


def _caller_name(world: World, call: Call) -> str:
    """Return a user's name, or a session's."""
    caller = world.keys.find(call.caller)
    return caller.principal.arn.rpartition("/")[2] if caller else ""


def _event(world: World, call: Call) -> dict[str, object]:
    caller = world.keys.find(call.caller)
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"arn": caller.principal.arn if caller else "", "accessKeyId": call.caller},
        "eventTime": _date(call.at),
        "eventSource": "iam.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": _HOME,
        "userAgent": call.user_agent,
        "requestParameters": _asked(call),
        "responseElements": _answered(call),
        "recipientAccountId": call.account_id,
    }
    unique = f"{call.at.isoformat()} {call.caller} {call.operation} {_key_of(call)}"
    return {
        "EventId": str(uuid5(NAMESPACE_OID, unique)),
        "EventName": call.operation,
        "EventTime": call.at.timestamp(),
        "EventSource": "iam.amazonaws.com",
        "Username": _caller_name(world, call),
        "CloudTrailEvent": json.dumps(record),
    }


def _asked(call: Call) -> dict[str, str]:
    sent = {
        "userName": call.user_name,
        "accessKeyId": call.access_key_id,
        "status": call.parameters.get("Status", ""),
    }
    return {name: value for name, value in sent.items() if value}


def _answered(call: Call) -> dict[str, object] | None:
    """Only a mint answers anything."""
    if call.operation != _MINT:
        return None
    key = {
        "userName": call.user_name,
        "accessKeyId": _key_of(call),
        "status": "Active",
        "createDate": _date(call.at),
    }
    return {"accessKey": key}


def _key_of(call: Call) -> str:
    return call.parameters.get("CreatedAccessKeyId", call.access_key_id)


def _date(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
