"""What each role of an access key may do.

Source:
    CipherStash's documentation of access keys, "Roles".
"""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["member", "control", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

_MEMBER = ("keyset:list", "data_key:generate", "data_key:retrieve")
_CONTROL = (
    "keyset:create",
    "keyset:list",
    "keyset:enable",
    "keyset:disable",
    "keyset:grant",
    "keyset:modify",
    "keyset:revoke",
    "client:list",
)
_ADMIN = (
    "client:create",
    "client:delete",
    "access_key:create",
    "access_key:list",
    "access_key:delete",
)
SCOPES: dict[str, tuple[str, ...]] = {
    "member": _MEMBER,
    "control": _CONTROL,
    "admin": tuple(dict.fromkeys((*_MEMBER, *_CONTROL, *_ADMIN))),
}
"""The scopes of a token, by the role of the key that it was given for."""
