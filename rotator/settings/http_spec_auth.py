"""How the calls of a spec show who calls."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from rotator.providers.http.spec import AuthKind
from rotator.settings.fields import Section
from rotator.settings.http_spec_fields import (
    BaseUrl,
    Headers,
    JmesPath,
    Text,
    all_of,
    located,
    misfits,
)
from rotator.settings.http_spec_operations import ExpectSection, OperationSection, RequestSection

if TYPE_CHECKING:
    from typing import Self


class ClientAuth(StrEnum):
    """Where an OAuth2 client shows its secret (RFC 6749, 2.3.1)."""

    BODY = "body"
    BASIC = "basic"


class AuthSection(Section):
    """How a call shows who calls; which fields it has depends on `type`."""

    type: AuthKind = Field(
        description="`header`, `basic`, `token_exchange`, `oauth2_client_credentials` or `none`.",
        examples=["header"],
    )
    headers: Headers = Field(
        default={},
        description="Of `header`, and of `token_exchange` with `${session.token}`.",
        examples=[{"Authorization": "Bearer ${creds.admin}"}],
    )
    username: Text | None = Field(default=None, description="Of `basic`.", examples=["${creds.id}"])
    password: Text | None = Field(
        default=None, description="Of `basic`.", examples=["${creds.secret}"]
    )
    request: RequestSection | None = Field(
        default=None,
        description="Of `token_exchange`: the call that brings a token.",
        examples=[{"method": "POST", "path": "/token"}],
    )
    expect: ExpectSection = Field(
        default=ExpectSection(), description="Of `token_exchange`: which answers mean success."
    )
    token: JmesPath | None = Field(
        default=None,
        description="Of `token_exchange`: where the answer has the token.",
        examples=["access_token"],
    )
    expires_in: JmesPath | None = Field(
        default=None,
        description="Of `token_exchange`: where the answer has its lifetime in seconds; a minute "
        "if left out.",
        examples=["expires_in"],
    )
    token_url: BaseUrl | None = Field(
        default=None,
        description="Of `oauth2_client_credentials`.",
        examples=["https://login.example.com/token"],
    )
    client_id: Text | None = Field(
        default=None, description="Of `oauth2_client_credentials`.", examples=["${creds.id}"]
    )
    client_secret: Text | None = Field(
        default=None, description="Of `oauth2_client_credentials`.", examples=["${creds.secret}"]
    )
    client_auth: ClientAuth = Field(
        default=ClientAuth.BODY,
        description="Of `oauth2_client_credentials`: whether id and secret stand in the `body`, "
        "or in a header of `basic` authentication.",
        examples=["body"],
    )
    scope: Text | None = Field(
        default=None,
        description="Of `oauth2_client_credentials`; may be left out.",
        examples=["api"],
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        needed, allowed = _FIELDS[self.type]
        others = [it for it in type(self).model_fields if it not in ("type", *needed, *allowed)]
        refusals = misfits(self.model_fields_set, self.type, needed=needed, others=others)
        if refusals:
            raise all_of(refusals)
        return self


_FIELDS: dict[AuthKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    AuthKind.NONE: ((), ()),
    AuthKind.HEADER: (("headers",), ()),
    AuthKind.BASIC: (("username", "password"), ()),
    AuthKind.TOKEN_EXCHANGE: (("request", "token", "headers"), ("expect", "expires_in")),
    AuthKind.OAUTH2: (("token_url", "client_id", "client_secret"), ("client_auth", "scope")),
}
"""Fields that a kind needs, and those that it may have."""


class VerifySection(OperationSection):
    """The call that a key makes by itself to show that it works."""

    auth: AuthSection = Field(
        description="How the key shows itself: with `${key.secret}`, never with our own credential "
        "alone.",
        examples=[{"type": "header", "headers": {"Authorization": "Bearer ${key.secret}"}}],
    )
    reject_status: tuple[int, ...] = Field(
        default=(401, 403), min_length=1, description="Statuses that mean that a key is refused."
    )

    @model_validator(mode="after")
    def _clear(self) -> Self:
        refusals = [
            located(("expect", "status", index), "means refused, too", "see `rejectStatus`")
            for index, status in enumerate(self.expect.status)
            if status in self.reject_status
        ]
        for index, status in enumerate(self.reject_status):
            where = ("rejectStatus", index)
            if status not in range(400, 500):
                refusals.append(located(where, "is no refusal", "write 400 to 499"))
            elif status in self.reject_status[:index]:
                refusals.append(located(where, "is there twice", "keep one of the two"))
        if refusals:
            raise all_of(refusals)
        return self
