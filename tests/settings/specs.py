"""Builds specs of an HTTP API, valid unless a test says otherwise."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

from rotator.settings.http_spec import read_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.errors import Fault
    from rotator.providers.http.spec import Spec

FILE = "spec.yaml"
REMOVED = object()
"""Takes a field away."""

SPEC: Mapping[str, Any] = {
    "apiVersion": "rotator/v1",
    "kind": "HttpProvider",
    "name": "example-token",
    "title": "Example API token",
    "baseUrl": "https://api.example.com/v1",
    "params": {"user": {"type": "string", "description": "whose tokens"}},
    "credentials": {"admin": {"description": "may make tokens"}},
    "auth": {"type": "header", "headers": {"Authorization": "Bearer ${creds.admin}"}},
    "key": {
        "id": "id",
        "name": "note",
        "createdAt": {"path": "created", "time": "rfc3339"},
        "expiresAt": {"path": "expires", "time": "epoch"},
        "status": {"path": "state", "values": {"on": "active", "off": "inactive"}},
        "scopes": "scopes",
        "extra": {"level": "access_level"},
    },
    "operations": {
        "list": {
            "request": {"path": "/users/${params.user}/tokens"},
            "items": "data",
            "paginate": {
                "type": "cursor",
                "param": "after",
                "next": "next",
                "sizeParam": "limit",
                "size": 50,
            },
        },
        "create": {
            "request": {
                "method": "POST",
                "path": "/users/${params.user}/tokens",
                "json": {
                    "note": "${new.name}",
                    "expires_in": "${new.ttl|seconds}",
                    "scopes": "${new.scopes|optional}",
                    "level": "${old.level|optional}",
                },
            },
            "expect": {"status": [201]},
            "key": {"secret": "token"},
        },
        "verify": {
            "auth": {"type": "header", "headers": {"Authorization": "Bearer ${key.secret}"}},
            "request": {"path": "/user"},
            "expect": {"assert": {"path": "token_id", "equals": "${key.id}"}},
        },
        "revoke": {
            "steps": [
                {
                    "request": {"method": "DELETE", "path": "/tokens/${key.id}"},
                    "expect": {"status": [204, 404]},
                }
            ]
        },
    },
}


def changed(changes: Mapping[str, object]) -> dict[str, Any]:
    """Return the spec's values with some of them changed, by their dotted places."""
    values = copy.deepcopy(dict(SPEC))
    for place, value in changes.items():
        *way, last = place.split(".")
        node: Any = values
        for part in way:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        if value is REMOVED:
            del node[last]
        elif isinstance(node, list):
            node[int(last)] = copy.deepcopy(value)
        else:
            node[last] = copy.deepcopy(value)
    return values


def text_of(values: object) -> str:
    """Write values as YAML."""
    return yaml.safe_dump(copy.deepcopy(values), sort_keys=False, allow_unicode=True)


def spec_with(changes: Mapping[str, object]) -> Spec:
    """Read a changed spec, which must be right."""
    spec, faults = read_spec(FILE, text_of(changed(changes)))
    assert faults == ()
    assert spec is not None
    return spec


def faults_with(changes: Mapping[str, object]) -> tuple[Fault, ...]:
    """Read a changed spec, which must be refused."""
    spec, faults = read_spec(FILE, text_of(changed(changes)))
    assert spec is None
    assert faults
    return faults


def told(changes: dict[str, object]) -> list[tuple[str, str]]:
    """Return the field and the problem of each fault of a changed spec."""
    return [(fault.field, fault.problem) for fault in faults_with(changes)]


def check(changes: dict[str, object], field: str, problem: str) -> None:
    """See that a change leads to exactly one fault, which says what to write instead."""
    faults = faults_with(changes)
    assert [fault.field for fault in faults] == [field]
    assert problem in faults[0].problem
    assert faults[0].remedy
    assert faults[0].line
