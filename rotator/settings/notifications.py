"""`notifications:` in `rotator.yaml`: who is told of what, and where.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rotator.core.notice_routes import Routing
from rotator.core.notices import Severity
from rotator.settings.fields import Globs, Section

if TYPE_CHECKING:
    from rotator.core.secret import Secret

_KEPT = r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.*\S)"

KeptSecret = Annotated[str, Field(pattern=f"^{_KEPT}$")]
"""``env:NAME`` or ``file:PATH``."""

ReceiverUrl = Annotated[str, Field(pattern=rf"^({_KEPT}|https?://[^\s/@]+(/\S*)?)$")]
"""``env:NAME`` or ``file:PATH``, or a URL that is no secret."""

ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
"""A channel's name; it is a label of metrics."""


class ChannelType(StrEnum):
    """How a channel is spoken to."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    APPRISE = "apprise"


class ChannelSection(Section):
    """One place where notices are told."""

    name: ChannelName = Field(
        description="What routes, commands and metrics call it.", examples=["security"]
    )
    type: ChannelType = Field(
        description="`webhook`: a signed CloudEvent for machines. `slack`: an incoming webhook of "
        "Slack. `apprise`: any service that Apprise knows; needs `rotator[apprise]`.",
        examples=["webhook"],
    )
    url: ReceiverUrl = Field(
        description="Where to send. `env:NAME` or `file:PATH` takes it from there, as is required "
        "for `slack` and `apprise`, whose URLs are secrets.",
        examples=["file:/run/secrets/rotator/slack-url"],
    )
    secret: KeptSecret | None = Field(
        default=None,
        description="Of a `webhook`: where the secret is that we sign by, `whsec_` and the base64 "
        "of 24 to 64 bytes.",
        examples=["file:/run/secrets/rotator/webhook-secret"],
    )
    previous_secret: KeptSecret | None = Field(
        default=None,
        description="The secret before it: while it is named we sign by both.",
        examples=["file:/run/secrets/rotator/webhook-secret-before"],
    )
    allow_private: bool = Field(
        default=False,
        description="Let a `webhook` be at a private address, and without TLS there.",
        examples=[False],
    )


class RouteMatchSection(Section):
    """Which notices a route takes: each field must match, any of its globs is enough."""

    owner: Globs | None = Field(
        default=None,
        description="Whom the owner's tags name (`ownership.contactTags`), in any case.",
        examples=[["team-payments", "*@payments.example"]],
    )
    rule: Globs | None = Field(default=None, description="The policy's rule.", examples=[["ci-*"]])
    account: Globs | None = Field(
        default=None, description="The account's id or name.", examples=[["prod-*"]]
    )
    severity: tuple[Severity, ...] | None = Field(
        default=None,
        min_length=1,
        description="`INFO`, `WARN` or `ERROR`.",
        examples=[["WARN", "ERROR"]],
    )


class RouteSection(Section):
    """Who is told of which notices."""

    match: RouteMatchSection = Field(
        description="Which notices it takes.", examples=[{"owner": ["team-payments"]}]
    )
    channels: tuple[ChannelName, ...] = Field(
        description="Who is told of them; `[]` tells nobody.", examples=[["payments"]]
    )


class HeartbeatSection(Section):
    """The sign of life that somebody else's clock waits for."""

    url: ReceiverUrl = Field(
        description="Is asked for (GET) after each scan that succeeded in every account.",
        examples=["file:/run/secrets/rotator/heartbeat-url"],
    )
    allow_private: bool = Field(
        default=False,
        description="Let it be at a private address, and without TLS there.",
        examples=[False],
    )


class NotificationsSection(Section):
    """Who is told of what. Pages go through Alertmanager; these are events."""

    channels: tuple[ChannelSection, ...] = Field(
        default=(),
        description="The places where notices are told.",
        examples=[
            [{"name": "security", "type": "slack", "url": "file:/run/secrets/rotator/slack-url"}]
        ],
    )
    routes: tuple[RouteSection, ...] = Field(
        default=(),
        description="Who is told of what: the first route that matches a notice counts.",
        examples=[[{"match": {"owner": ["team-payments"]}, "channels": ["payments"]}]],
    )
    default: tuple[ChannelName, ...] = Field(
        default=(),
        description="Who is told of what no route takes; needed where there are channels.",
        examples=[["security"]],
    )
    heartbeat: HeartbeatSection | None = Field(
        default=None, description="The sign of life that somebody else's clock waits for."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverTerms:
    """Whom we call.

    Attributes:
        url: Where; a secret, whatever it is.
        origin: Its scheme, host and port; empty for Apprise's.
        allow_private: Whether that may be a private address.
    """

    url: Secret
    origin: str
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTerms:
    """One channel, with everything looked up.

    Attributes:
        secrets: What a webhook signs by, the newest first.
    """

    name: str
    type: ChannelType
    receiver: ReceiverTerms
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationTerms:
    """All of `notifications`, with everything looked up."""

    channels: tuple[ChannelTerms, ...] = ()
    routing: Routing = field(default_factory=Routing)
    heartbeat: ReceiverTerms | None = None
