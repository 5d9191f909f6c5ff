"""Who may do what: scopes of access keys, roles of people."""

from __future__ import annotations

from typing import Literal, get_args

Scope = Literal[
    "access_keys:read", "access_keys:write", "people:read", "projects:read", "messages:write"
]
SCOPES: tuple[Scope, ...] = get_args(Scope)

Role = Literal["owner", "admin", "member"]
ROLES: tuple[Role, ...] = get_args(Role)

MANAGERS: frozenset[Role] = frozenset({"owner", "admin"})
"""The roles that may manage access keys and see who the others are."""

MANAGING: frozenset[Scope] = frozenset({"access_keys:read", "access_keys:write", "people:read"})
"""What a key needs for that; whoever lacks it is told the same as a person who may not."""
