"""What the composition root is handed: both files, checked, resolved and frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.core.ownership import Ownership
    from rotator.core.policy import Policy
    from rotator.core.terms import Limits, Mode
    from rotator.settings.configuration import AwsSection, EngineSection, WebSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation.

    Attributes:
        file: The configuration file, as it was named.
        policy_file: The policy file.
        policy_digest: SHA-256 of the policy file's bytes, in hexadecimal digits.
        journal_url: Where the journal is; not shown, for it may hold a password.
        audit_file: Where sealed records are appended.
        log_name: The audit log's name.
    """

    file: Path
    owner: str
    mode: Mode
    policy: Policy
    policy_file: Path
    policy_digest: str
    limits: Limits
    ownership: Ownership
    journal_url: str = field(repr=False)
    audit_file: Path
    log_name: str
    web: WebSection
    engine: EngineSection
    aws: AwsSection
