"""`rotator.yaml`: how this installation runs; written by the platform team.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rotator.core.terms import Limits, Mode, Traits
from rotator.settings.fields import AccountNumber, Duration, PathPrefix, Region, Section, Url

_LIMITS = Limits()
_TRAITS = Traits()
_WRITES_OF_A_ROTATION = 3


class JournalSection(Section):
    """Where rotations are remembered."""

    url: str = Field(
        default="sqlite:////var/lib/rotator/rotator.db",
        description="Database URL. `env:NAME` and `file:PATH` take it from elsewhere.",
        examples=["sqlite:////var/lib/rotator/rotator.db"],
    )


class AuditSection(Section):
    """Where evidence is written."""

    file: str = Field(
        default="/var/lib/rotator/audit.jsonl",
        description="The audit log: one sealed record a line. Its directory must exist.",
        examples=["/var/lib/rotator/audit.jsonl"],
    )
    log_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="Name of the log, written into every record; taken from `owner` if absent.",
        examples=["platform-prod"],
    )


class WebSection(Section):
    """Where probes and metrics are served."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. In a container `0.0.0.0`, so that probes get through.",
        examples=["0.0.0.0"],  # noqa: S104 - an example of what to write in a container
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Port; 0 takes any free one.")


class EngineSection(Section):
    """How much is done at once, and how often."""

    workers: int = Field(
        default=4, ge=1, le=64, description="Most credentials that are worked on at once."
    )
    sweep_interval: Duration = Field(
        default="5s",  # type: ignore[assignment] - validated, so that the file's words stand here
        validate_default=True,
        description="How often the journal is asked what is due.",
    )
