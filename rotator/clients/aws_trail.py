"""Reading CloudTrail's event history: who made an access key.

Only `LookupEvents` is used. It shows management events of 90 days, allows two
requests a second for an account and region, and is late by some minutes; what it
does not show proves nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rotator.clients.aws_calls import rotation_agent
from rotator.core.facts import Minter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rotator.core.ids import Instant, RotationId

CREATE_ACCESS_KEY = "CreateAccessKey"
_PAGE_EVENTS = 50
_MOST_PAGES = 20
_HOMES = (("cn-", "cn-north-1"), ("us-gov-", "us-gov-west-1"))


class TrailClient(Protocol):
    """The part of boto3's CloudTrail client that is used."""

    def lookup_events(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own
        """Look events up."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """One successful CreateAccessKey as CloudTrail tells it.

    Attributes:
        caller: The ARN that called; empty where the record has none.
        user_agent: What the caller said of itself.
        user_name: Whose key it is.
    """

    key_id: str
    user_name: str
    caller: str
    user_agent: str


def home_of_iam(region: str) -> str:
    """Name the region whose event history has IAM's events, by any region of the partition."""
    return next((home for prefix, home in _HOMES if region.startswith(prefix)), "us-east-1")


def mints(trail: TrailClient, *, since: Instant, until: Instant) -> Iterator[Mint]:
    """Yield the access keys that were made in a span, newest first, a page at a time.

    It ends early in an account that makes more keys in a span than 20 pages hold.
    """
    asked: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": CREATE_ACCESS_KEY}],
        "StartTime": since,
        "EndTime": until,
        "MaxResults": _PAGE_EVENTS,
    }
    for _ in range(_MOST_PAGES):
        page = trail.lookup_events(**asked)
        for event in page.get("Events", ()):
            made = _mint(json.loads(event["CloudTrailEvent"]))
            if made is not None:
                yield made
        token = page.get("NextToken")
        if not token:
            return
        asked["NextToken"] = token


def is_same_caller(one: str, other: str) -> bool:
    """Whether two ARNs are one identity; a role's sessions are, whatever their names."""
    return bool(one) and _without_session(one) == _without_session(other)


def minter(mint: Mint, ourselves: str, rotation: RotationId) -> Minter:
    """Judge a mint by identity and rotation; our word under another identity proves nothing."""
    is_us = is_same_caller(mint.caller, ourselves)
    if rotation_agent(rotation) in mint.user_agent.split():
        return Minter.OURS if is_us else Minter.UNKNOWN
    # Another rotation's mint, or one without a user agent, may still be rotator's.
    is_like_ours = rotation_agent("") in mint.user_agent or (is_us and not mint.user_agent)
    return Minter.UNKNOWN if is_like_ours else Minter.SOMEBODY_ELSE


def _without_session(arn: str) -> str:
    head, separator, tail = arn.partition(":assumed-role/")
    return head + separator + tail.split("/")[0] if separator else arn


def _mint(record: Mapping[str, Any]) -> Mint | None:
    """Read one record; a refused call has an error code and no answer."""
    answer = record.get("responseElements")
    if record.get("errorCode") or not answer:
        return None
    key = answer["accessKey"]
    return Mint(
        key_id=key["accessKeyId"],
        user_name=key["userName"],
        caller=record.get("userIdentity", {}).get("arn", ""),
        user_agent=record.get("userAgent", ""),
    )
