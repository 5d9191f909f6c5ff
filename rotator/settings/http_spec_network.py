"""Where the calls of a spec may go, how fast, and what they may cost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from rotator.clients.http_limits import RateUnit
from rotator.settings.fields import Duration, Section
from rotator.settings.http_spec_fields import Count, HeaderName, HostName, located

if TYPE_CHECKING:
    from typing import Self


class TimeoutsSection(Section):
    """How long a call may take."""

    connect: Duration = Field(default=timedelta(seconds=5), description="Until it is connected.")
    read: Duration = Field(default=timedelta(seconds=15), description="Between two bytes.")
    total: Duration = Field(default=timedelta(seconds=30), description="In all, at most 5m.")

    @model_validator(mode="after")
    def _total_is_longest(self) -> Self:
        if self.total > timedelta(minutes=5):
            raise located(("total",), "is longer than 5m", "write 5m or less")
        for name, value in (("connect", self.connect), ("read", self.read)):
            if value > self.total:
                raise located((name,), "is longer than `total`", "write less, or more for `total`")
        return self


class NetworkSection(Section):
    """Where calls may go, and what an answer and a list may cost at most."""

    allow_hosts: tuple[HostName, ...] = Field(
        default=(),
        description="Hosts that may be called beside the base URL's; exact names, no wildcards.",
        examples=[["login.example.com"]],
    )
    timeouts: TimeoutsSection = Field(
        default=TimeoutsSection(), description="How long a call may take."
    )
    max_response_bytes: Count = Field(
        default=1 << 20, ge=1 << 10, le=1 << 26, description="Longest answer."
    )
    max_pages: Count = Field(default=200, ge=1, le=10_000, description="Most pages of a list.")
    max_items: Count = Field(default=10_000, ge=1, le=1_000_000, description="Most keys of a list.")

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        for index, host in enumerate(self.allow_hosts):
            if host in self.allow_hosts[:index]:
                raise located(("allowHosts", index), "is there twice", "keep one of the two")
        return self


class RateHeaderSection(Section):
    """A header with a time."""

    header: HeaderName = Field(description="Its name.", examples=["X-Retry-After"])
    unit: RateUnit = Field(
        default=RateUnit.SECONDS,
        description="`seconds` from now, or a time as `epoch` or `epoch_ms`.",
        examples=["epoch"],
    )


class RateLimitSection(Section):
    """What the API's headers say of its limits, and how fast it is asked at most."""

    retry_after: RateHeaderSection | None = Field(
        default=None,
        description="Beside the usual `Retry-After`.",
        examples=[{"header": "X-Retry-After", "unit": "epoch"}],
    )
    remaining: HeaderName | None = Field(
        default=None,
        description="Header that counts down to 0; together with `reset`.",
        examples=["X-RateLimit-Remaining"],
    )
    reset: RateHeaderSection | None = Field(
        default=None,
        description="When it is full again.",
        examples=[{"header": "X-RateLimit-Reset", "unit": "seconds"}],
    )
    max_per_second: float | None = Field(
        default=None, gt=0, le=1000, description="Our own limit; none if left out.", examples=[5]
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.remaining is None) is not (self.reset is None):
            raise located((), "has one of `remaining` and `reset`", "write both or none")
        return self


class PropagationSection(Section):
    """How long the API takes to agree with itself."""

    create: Duration = Field(
        default=timedelta(seconds=10),
        description="Until a new key is listed and let in everywhere.",
    )
    revoke: Duration = Field(
        default=timedelta(seconds=60), description="Until a revoked key is refused everywhere."
    )
    last_used: Duration = Field(
        default=timedelta(minutes=15), description="How coarse and how late its last uses are."
    )
    request: Duration = Field(
        default=timedelta(minutes=1),
        description="How long after its sending a request may still take effect.",
    )
