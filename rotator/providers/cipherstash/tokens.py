"""Service tokens: what the answer to an exchange says of whom it was given to.

The claims are read without checking the token's signature. It reached us over TLS
from the host that we asked, which vouches for it, and it grants us nothing: the
service checks it at each call. We only look whose it is before we use it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rotator.clients.http_answers import unusable
from rotator.core.cipherstash_forms import bare_key_id
from rotator.core.ids import AccountId, Instant
from rotator.core.secret import Secret
from rotator.core.workspace import AccessRole
from rotator.errors import RejectedError
from rotator.providers.cipherstash.config import SETTINGS, ApiKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.clients.http_messages import Answer
    from rotator.core.ids import KeyId
    from rotator.providers.cipherstash.config import WorkspaceConfig

_RENEW_BEFORE = timedelta(seconds=90)
_VENDOR_HOSTS = (".cipherstashmanaged.net", ".viturhosted.net")
_ROLES = tuple(AccessRole)
_PARTS_OF_A_TOKEN = 3
_YEAR_9999 = 253_402_300_799


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Token:
    """What admits a call, and what it says of itself.

    Attributes:
        bearer: The token.
        cts_url: Base URL of the calls for access keys.
        zerokms_url: Base URL of the calls for clients and keysets; empty if untold.
        key_id: The access key that was exchanged; None where it is untold.
        workspace: The workspace it is good for; None where it is untold.
        role: What it may do; None where it is untold.
        expires_at: Its end, by the service's clock; None where it is untold.
    """

    bearer: Secret
    cts_url: str = field(repr=False)
    zerokms_url: str = field(default="", repr=False)
    key_id: KeyId | None = None
    workspace: AccountId | None = None
    role: AccessRole | None = None
    expires_at: Instant | None = None

    def zerokms(self, path: str) -> str:
        """Return the URL of a call for clients and keysets.

        Raises:
            RejectedError: The token does not say where they are.
        """
        if not self.zerokms_url:
            raise RejectedError(
                "the service's token does not say where clients and keysets are",
                subject=self.workspace or "",
                code="zerokms_unknown",
                hint=f"set {SETTINGS}.api.zerokmsUrl",
            )
        return f"{self.zerokms_url.rstrip('/')}/{path}"

    def cts(self, path: str) -> str:
        """Return the URL of a call for access keys."""
        return self.cts_url.rstrip("/") + path


def read_token(config: WorkspaceConfig, answer: Answer, body: Mapping[str, object]) -> Token:
    """Read the answer to an exchange.

    Raises:
        RejectedError: It has no token, or one that does not say whose it is; code
            ``token_unclear``.
    """
    text = _text(body.get("accessToken"))
    claims = _claims(text)
    subject, workspace = _text(claims.get("sub")), _text(claims.get("workspace"))
    is_clear = config.kind is ApiKind.LEGACY or bool(subject and workspace)
    if not text or not is_clear:
        raise unusable(
            answer, "its token does not say whose it is for which workspace", code="token_unclear"
        )
    return Token(
        bearer=Secret(text),
        cts_url=_cts_url(config, _text(claims.get("iss"))),
        zerokms_url=_zerokms_url(config, claims),
        key_id=bare_key_id(subject) if subject else None,
        workspace=AccountId(workspace) if workspace else None,
        role=_role(claims),
        expires_at=_time(claims.get("exp")) or _time(body.get("expiry")),
    )


def renewal(token: Token, issued_at: Instant | None, received_at: Instant) -> Instant | None:
    """Tell until when a token is used, by our clock; None if it is used once.

    Args:
        token: The token.
        issued_at: When the service gave it, by its own clock; None if untold.
        received_at: The same by ours.
    """
    if token.expires_at is None:
        return None
    lifetime = token.expires_at - (issued_at or received_at)
    return Instant(received_at + lifetime - _RENEW_BEFORE)


def _claims(token: str) -> Mapping[str, object]:
    """Decode the middle part of a token; no claims where it is not of that kind."""
    parts = token.split(".")
    if len(parts) != _PARTS_OF_A_TOKEN:
        return {}
    middle = parts[1]
    try:
        told: object = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _role(claims: Mapping[str, object]) -> AccessRole | None:
    """The highest role of which the token tells, in any of its spellings."""
    told = next((claims[name] for name in ("role", "roles", "role_set") if name in claims), None)
    words = told if isinstance(told, list) else [told]
    names = {_text(word).lower() for word in words}
    return next((role for role in reversed(_ROLES) if role.value in names), None)


def _cts_url(config: WorkspaceConfig, issuer: str) -> str:
    """Follow the token's issuer as the vendor's present clients do, but to no stranger."""
    is_fixed = config.cts_url is not None or config.kind is ApiKind.LEGACY
    is_followed = not is_fixed and _is_trusted(config, issuer)
    return issuer if is_followed else config.entrance


def _zerokms_url(config: WorkspaceConfig, claims: Mapping[str, object]) -> str:
    if config.zerokms_url is not None:
        return config.zerokms_url
    services = claims.get("services")
    told = _text(services.get("zerokms")) if isinstance(services, dict) else ""
    return told if _is_trusted(config, told) else ""


def _is_trusted(config: WorkspaceConfig, url: str) -> bool:
    """Whether our token may be sent there: to the vendor's hosts, or where we entered."""
    try:
        target, entrance = urlsplit(url), urlsplit(config.entrance)
    except ValueError:
        return False
    host = target.hostname or ""
    is_vendor = target.scheme == "https" and host.endswith(_VENDOR_HOSTS)
    return is_vendor or (
        bool(host) and (target.scheme, host) == (entrance.scheme, entrance.hostname)
    )


def _time(told: object) -> Instant | None:
    if isinstance(told, int | float) and 0 < told < _YEAR_9999:
        return Instant(datetime.fromtimestamp(told, UTC))
    return None


def _text(told: object) -> str:
    return told if isinstance(told, str) else ""
