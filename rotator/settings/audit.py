"""`audit:` in `rotator.yaml`: where evidence is kept, and by which keys it is vouched for.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from rotator.settings.fields import Duration, Region, Section, Url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rotator.audit.signing import Verifier
    from rotator.core.secret import Secret

_KEPT = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.*\S)$"

KeptElsewhere = Annotated[str, Field(pattern=_KEPT)]
"""``env:NAME`` or ``file:PATH``; what is there is never written in the file itself."""


class Copies(StrEnum):
    """In which form sealed records are also printed on standard output."""

    OFF = "off"
    NATIVE = "native"
    OCSF = "ocsf"


class LockMode(StrEnum):
    """How firmly S3 keeps an object until its time is over."""

    COMPLIANCE = "compliance"
    GOVERNANCE = "governance"


def _copies(value: object) -> object:
    """Take `false` for `off`: to YAML 1.1, and so to Helm, they are one."""
    return Copies.OFF if value is False else value


_COPIES_SCHEMA: dict[str, Any] = {"enum": ["off", "native", "ocsf", False]}


class ObjectLockSection(Section):
    """How long S3 refuses to let anybody change or delete what was written."""

    mode: LockMode = Field(
        default=LockMode.COMPLIANCE,
        description="`compliance`: nobody can shorten it, not even the account's root. "
        "`governance`: those with a permission of its own can.",
        examples=["compliance"],
    )
    period: Duration = Field(
        default=timedelta(days=400), description="How long each object is locked."
    )


class S3Section(Section):
    """A bucket that keeps the audit log, one object for each batch of records."""

    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="The bucket's name; best in an account of its own.",
        examples=["audit-example"],
    )
    prefix: str = Field(
        default="rotator/",
        pattern=r"^([A-Za-z0-9!_.*'()-]+/)*$",
        description="What every object's name begins with; ends with a slash. No two logs may "
        "share it.",
        examples=["rotator/prod/"],
    )
    region: Region = Field(description="The bucket's region.", examples=["eu-central-1"])
    endpoint_url: Url | None = Field(
        default=None,
        description="Another service that speaks S3, or a VPC endpoint.",
        examples=["https://bucket.vpce-0a1b2c3d.s3.eu-central-1.vpce.amazonaws.com"],
    )
    role_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/\S+$",
        description="Role to assume for it, such as one of the bucket's own account; without it "
        "rotator's own identity writes.",
        examples=["arn:aws:iam::444455556666:role/rotator-audit"],
    )
    object_lock: ObjectLockSection | None = Field(
        default=None,
        description="Lock each object as it is written; the bucket must have been made with "
        "Object Lock. Left out, the bucket's own default counts.",
        examples=[{"mode": "compliance", "period": "400d"}],
    )


class CheckpointsSection(Section):
    """When the log is signed, and where the signatures go beside the log itself."""

    every: int = Field(
        default=256,
        ge=1,
        le=1_000_000,
        description="Sign after so many new records.",
        examples=[256],
    )
    after: Duration = Field(
        default=timedelta(seconds=60),
        description="Sign when a record is so old and not signed yet; half an hour at the most.",
    )
    witness: str | None = Field(
        default=None,
        min_length=1,
        description="A second file for the signatures, on another volume or machine than the log: "
        "who cuts the log short would have to cut this one, too.",
        examples=["/mnt/witness/rotator.checkpoints"],
    )


class FingerprintsSection(Section):
    """By which keys the fingerprints of secrets are made, so that a leaked one is recognised."""

    current: str = Field(
        description="Name of the key that new fingerprints are made with.", examples=["k1"]
    )
    keys: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")], KeptElsewhere] = Field(
        min_length=1,
        description="Every key there ever was, by name, as `file:PATH` or `env:NAME`; at least 32 "
        "random bytes as text. Never remove one: its fingerprints could not be compared any more.",
        examples=[{"k1": "file:/run/secrets/fingerprint-k1"}],
    )


class AuditSection(Section):
    """Where evidence is written."""

    file: str = Field(
        default="/var/lib/rotator/audit.jsonl",
        min_length=1,
        description="The audit log, one sealed record a line. Its directory must exist.",
        examples=["/var/lib/rotator/audit.jsonl"],
    )
    log_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="The log's name, written into every record; `owner` if left out.",
        examples=["platform-prod"],
    )
    deadline: Duration = Field(
        default=timedelta(seconds=5),
        description="How long a place may take for a write; a slower one counts as failed. "
        "Shorter than `limits.auditLag`.",
    )
    stdout: Annotated[Copies, BeforeValidator(_copies), WithJsonSchema(_COPIES_SCHEMA)] = Field(
        default=Copies.OFF,
        description="Print each sealed record on standard output for a log shipper, as it is "
        "(`native`) or as an OCSF event (`ocsf`). Never counts as a place that keeps it.",
        examples=["native"],
    )
    s3: S3Section | None = Field(
        default=None,
        description="A bucket that keeps the log beside the file.",
        examples=[{"bucket": "audit-example", "region": "eu-central-1"}],
    )
    signing_key: KeptElsewhere | None = Field(
        default=None,
        description="The Ed25519 key that signs the log, as `file:PATH` or `env:NAME`; "
        "`rotator audit keygen` makes one. Without it nothing is signed.",
        examples=["file:/run/secrets/audit-signing-key.pem"],
    )
    former_keys: tuple[str, ...] = Field(
        default=(),
        description="Verifier keys of signing keys that were in use before, so that what they "
        "signed is believed.",
        examples=[["platform-prod+1a2b3c4d+AbCdEf..."]],
    )
    checkpoints: CheckpointsSection = Field(
        default=CheckpointsSection(),
        description="When the log is signed, and where the signatures go.",
    )
    fingerprints: FingerprintsSection | None = Field(
        default=None,
        description="By which keys the fingerprints of secrets are made; without it none are.",
        examples=[{"current": "k1", "keys": {"k1": "file:/run/secrets/fingerprint-k1"}}],
    )
    verify_interval: Duration = Field(
        default=timedelta(days=1),
        description="How often the daemon verifies its own log from the first record on.",
    )
    snapshot_period: Duration = Field(
        default=timedelta(days=400),
        description="How long daily pictures of all keys are kept, for reports about past days.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTerms:
    """What the section says, with paths and keys looked up.

    Attributes:
        deadline: Patience for one write to one place.
        s3: The bucket; None without one.
        signing_key: The Ed25519 key as PEM; None where nothing is signed.
        former_keys: The public halves of earlier ones.
        sign_every: Records after which a checkpoint is due.
        sign_after: Age of the last record at which one is due.
        witness: A second file for checkpoints.
        fingerprint_keys: Every key by name; empty where no fingerprints are made.
        fingerprint_current: Name of the key for new ones; empty without keys.
    """

    deadline: timedelta = timedelta(seconds=5)
    stdout: Copies = Copies.OFF
    s3: S3Section | None = None
    signing_key: Secret | None = None
    former_keys: tuple[Verifier, ...] = ()
    sign_every: int = 256
    sign_after: timedelta = timedelta(seconds=60)
    witness: Path | None = None
    fingerprint_keys: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    fingerprint_current: str = ""
    verify_interval: timedelta = timedelta(days=1)
    snapshot_period: timedelta = timedelta(days=400)
