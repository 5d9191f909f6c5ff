"""Service tokens: what `authorise` gives for an access key, for a quarter of an hour."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from rotator.simulators.cipherstash.roles import SCOPES
from rotator.simulators.cipherstash.workspaces import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.simulators.cipherstash.addresses import Address
    from rotator.simulators.cipherstash.workspaces import AccessKey, Workspace

Claims = dict[str, Any]
_SUBJECT = f"CS|{PREFIX}"
_HEAD = {"alg": "HS256", "typ": "JWT"}


def claims_of(
    key: AccessKey, workspace: Workspace, address: Address, *, begins: int, ends: int
) -> Claims:
    """Say what a token claims; instants are whole seconds since 1970."""
    return {
        "iss": address.cts,
        "sub": f"{_SUBJECT}{key.key_id}",
        "aud": [address.cts, address.zerokms],
        "iat": begins,
        "exp": ends,
        "workspace": workspace.id,
        "scope": " ".join(SCOPES[key.role]),
        "role": key.role,
        "services": {"zerokms": address.zerokms},
    }


def signed(claims: Mapping[str, Any], secret: bytes) -> str:
    """Write a token."""
    body = f"{_part(_HEAD)}.{_part(claims)}"
    return f"{body}.{_encoded(_mac(body, secret))}"


def read_claims(token: str, secret: bytes) -> Claims | None:
    """Read what a token of ours claims, ended or not; None for anything else."""
    body, _, mac = token.rpartition(".")
    try:
        if not hmac.compare_digest(_decoded(mac), _mac(body, secret)):
            return None
        claims: Claims = json.loads(_decoded(body.partition(".")[2]))
    except ValueError:
        return None
    return claims


def key_of(claims: Mapping[str, Any]) -> str:
    """Return the id of the access key that a token was given for."""
    return str(claims["sub"]).removeprefix(_SUBJECT)


def _mac(body: str, secret: bytes) -> bytes:
    return hmac.new(secret, body.encode(), hashlib.sha256).digest()


def _part(values: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(values, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
