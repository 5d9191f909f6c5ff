"""Objects as they are told: whole or their metadata only, one or many, selected and paged."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from rotator.simulators.kubernetes.refusals import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotator.simulators.kubernetes.paths import Target
    from rotator.simulators.kubernetes.resources import Address, Object
    from rotator.simulators.kubernetes.world import World

_SET_BASED = re.compile(r"^(?P<key>\S+)\s+(?P<how>in|notin)\s+\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^=!\s]+)\s*(?P<how>==|=|!=)\s*(?P<value>\S*)$")
_SPLIT = re.compile(r",(?![^()]*\))")
_META = "meta.k8s.io/v1"


def as_told(thing: Object, target: Target, *, is_partial: bool) -> Object:
    """Return an object in the version that was asked for, or its metadata only."""
    if is_partial:
        return {
            "kind": "PartialObjectMetadata",
            "apiVersion": _META,
            "metadata": thing["metadata"],
        }
    return {**thing, "apiVersion": target.kind.api_version(target.version)}


def listed(world: World, target: Target, query: Mapping[str, str], *, is_partial: bool) -> Object:
    """List a collection.

    Raises:
        RefusalError: A selector, a limit or a continuation makes no sense.
    """
    wanted = selection(query)
    found = [
        (at, thing)
        for at, thing in world.store.all(target.kind, target.namespace)
        if wanted(at, thing)
    ]
    revision, after = _continued(query.get("continue", ""), world.store.revision)
    left = [pair for pair in found if (pair[0].namespace, pair[0].name) > after]
    # Whoever asks for no pages gets one, however long.
    size = _limit(query.get("limit", ""), world.settings.max_page_size) or len(left)
    page = left[:size]
    metadata: Object = {"resourceVersion": str(revision)}
    if len(left) > size:
        last = page[-1][0]
        token = json.dumps([revision, last.namespace, last.name]).encode()
        metadata["continue"] = base64.urlsafe_b64encode(token).decode().rstrip("=")
        metadata["remainingItemCount"] = len(left) - size
    items = [as_told(thing, target, is_partial=is_partial) for _, thing in page]
    kind = "PartialObjectMetadataList" if is_partial else f"{target.kind.name}List"
    version = _META if is_partial else target.kind.api_version(target.version)
    return {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}


def named_by(query: Mapping[str, str]) -> str:
    """Return the one name that a field selector asks for; empty when it asks for none."""
    for part in _SPLIT.split(query.get("fieldSelector", "")):
        found = _EQUAL.match(part)
        if found and found["key"] == "metadata.name" and found["how"] != "!=":
            return found["value"]
    return ""


def selection(query: Mapping[str, str]) -> Callable[[Address, Object], bool]:
    """Return what says whether an object is selected.

    Raises:
        RefusalError: A selector makes no sense.
    """
    labels = _tests(query.get("labelSelector", ""))
    fields = _tests(query.get("fieldSelector", ""), fields=True)

    def is_selected(at: Address, thing: Object) -> bool:
        told = thing["metadata"].get("labels") or {}
        facts = _facts(at, thing)
        return all(test(told) for test in labels) and all(test(facts) for test in fields)

    return is_selected


_SELECTABLE = ("metadata.name", "metadata.namespace", "type", "spec.nodeName", "status.phase")


def _facts(at: Address, thing: Object) -> dict[str, str]:
    return {
        "metadata.name": at.name,
        "metadata.namespace": at.namespace,
        "type": thing.get("type", ""),
        "spec.nodeName": thing.get("spec", {}).get("nodeName", ""),
        "status.phase": thing.get("status", {}).get("phase", ""),
    }


def _tests(selector: str, *, fields: bool = False) -> list[Callable[[Mapping[str, str]], bool]]:
    parts = [part.strip() for part in _SPLIT.split(selector)]
    return [_test(part, fields=fields) for part in parts if part]


def _test(part: str, *, fields: bool) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET_BASED.match(part):
        values = {value.strip() for value in found["values"].split(",")}
        key, is_in = found["key"], found["how"] == "in"
        return lambda told: (told.get(key) in values) == is_in
    if found := _EQUAL.match(part):
        key, value, is_equal = found["key"], found["value"], found["how"] != "!="
        if fields and key not in _SELECTABLE:
            raise bad_request(f"field label not supported: {key}")
        return lambda told: (told.get(key) == value) == is_equal
    if fields or not re.fullmatch(r"!?[^\s!=()]+", part):
        raise bad_request(f"unable to parse requirement: {part}")
    key, is_wanted = part.removeprefix("!"), not part.startswith("!")
    return lambda told: (key in told) == is_wanted


def _continued(token: str, revision: int) -> tuple[int, tuple[str, str]]:
    if not token:
        return revision, ("", "")
    try:
        padded = token + "=" * (-len(token) % 4)
        read: list[Any] = json.loads(base64.urlsafe_b64decode(padded))
        return int(read[0]), (str(read[1]), str(read[2]))
    except (ValueError, IndexError, TypeError):
        raise bad_request("continue key is not valid") from None


def _limit(text: str, most: int) -> int:
    if text and not text.isdigit():
        raise bad_request(f'unable to parse query parameter limit: "{text}"')
    return min(int(text or "0"), most)
