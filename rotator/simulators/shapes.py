"""The JSON that crosses the control endpoints of every simulator."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Base of all shapes: immutable, and an unknown field is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class ClockState(Shape):
    """The simulator's present instant."""

    now: AwareDatetime


class ClockMove(Shape):
    """Where to move the clock: an instant, or a step forward; exactly one of them."""

    now: AwareDatetime | None = None
    advance_seconds: float | None = Field(default=None, ge=0)
