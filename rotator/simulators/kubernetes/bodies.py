"""The bodies of calls, as JSON or YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from rotator.simulators.kubernetes.arrivals import APPLY
from rotator.simulators.kubernetes.refusals import bad_request, too_large, unsupported_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.simulators.kubernetes.arrivals import Arrival
    from rotator.simulators.kubernetes.resources import Object

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
PATCHES = (MERGE, STRATEGIC, APPLY)
_JSON, _YAML = "application/json", "application/yaml"
_LONGEST = 3 * 1024 * 1024


def read_body(arrival: Arrival) -> Object:
    """Read a body; an empty one is an empty object.

    Raises:
        RefusalError: It is too long, of another type, or no object.
    """
    body = arrival.request.body
    if len(body) > _LONGEST:
        raise too_large()
    known: Sequence[str] = PATCHES if arrival.verb == "patch" else (_JSON, _YAML)
    if (body or arrival.verb == "patch") and (arrival.content_type or _JSON) not in known:
        raise unsupported_type(known)
    try:
        is_yaml = arrival.content_type in (APPLY, _YAML)
        read: Any = (yaml.safe_load(body) if is_yaml else json.loads(body)) if body else {}
    except (ValueError, yaml.YAMLError):
        raise bad_request("the object provided is unrecognized: it cannot be parsed") from None
    if not isinstance(read, dict) or not isinstance(read.get("metadata", {}), dict):
        raise bad_request("the object provided is unrecognized: it is no object")
    return read
