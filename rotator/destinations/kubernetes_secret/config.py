"""Whose Secrets are ours, and how we mark them."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

DESTINATION: Final = "kubernetes-secret"

COMPANION: Final = "{name}-rotator"
"""Name of the Secret that keeps staged and former versions of the one called `name`."""

OWNER: Final = "rotator.dev/owner"
VERSION: Final = "rotator.dev/version"
PREVIOUS: Final = "rotator.dev/previous"
PUBLISHED: Final = "rotator.dev/published-{mark}"
PENDING: Final = "rotator.dev/pending"
STORED: Final = "rotator.dev/stored"
"""Annotations: of the Secret the first four, of its companion the owner and the last two.

`PUBLISHED` is there once for each credential that was ever published in the Secret;
`STORED` lists the companion's versions, the oldest first.
"""

MANAGER: Final = "rotator"
"""The field manager of what is no credential's alone; those of credentials begin with it."""


class KubernetesSecretConfig(BaseModel):
    """Whose Secrets the destination takes for ours.

    Attributes:
        owner: The installation's name, as in the annotation `OWNER`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    type: Literal["kubernetes-secret"] = DESTINATION
    owner: str = Field(default="rotator", min_length=1, max_length=256)
