"""Whose files are ours."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

DESTINATION: Final = "file"

SIZE_LIMIT_BYTES = 1 << 20
"""The longest content that we write or read."""


class FileConfig(BaseModel):
    """Whose files the destination takes for ours.

    Attributes:
        owner: The installation's name, as it stands beside each file.
        read_only: Refuse everything that would write.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    type: Literal["file"] = DESTINATION
    owner: str = Field(default="rotator", min_length=1, max_length=256)
    read_only: bool = False
