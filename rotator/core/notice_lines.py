"""What notices need to know: a line of the audit log, and what is known of its credential."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rotator.core.events import AuditAction
from rotator.core.ids import AccountId, credential_id, instant
from rotator.core.notices import Notice, Severity, discreet, harmless, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.core.ids import CredentialId, Instant

_SHOWN_OF_AN_ID = 8
NO_PERIOD = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the journal and policy say of the credential that a line is about.

    Attributes:
        owner: Whom its owner's tags name.
        grace: Both keys work at least so long after a new one is published.
        quarantine: A disabled key is deleted so long after.
    """

    owner: str = ""
    grace: timedelta = NO_PERIOD
    quarantine: timedelta = NO_PERIOD


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One record of the audit log, as notices are made of it; see `AuditRecord`.

    Attributes:
        action: None for an action of a later release.
    """

    seq: int
    id: str
    at: Instant
    action: AuditAction | None
    outcome: str
    actor: str
    reason: str
    provider: str = ""
    account: str = ""
    principal: str = ""
    key: str = ""
    new_key: str = ""
    rotation: str = ""
    destination: str = ""
    rule: str = ""
    policy: str = ""
    evidence: Mapping[str, object] = field(default_factory=dict)

    @property
    def credential(self) -> CredentialId | None:
        """The credential that it is about; None if it is about none."""
        if not self.principal:
            return None
        return credential_id(self.provider, AccountId(self.account), self.principal)

    @property
    def whose(self) -> str:
        """The principal and its account, as people are told."""
        return harmless(f"{self.principal} in {self.account}")

    @property
    def show_rotation(self) -> str:
        """The command that shows the rotation."""
        return f"rotator rotations show {self.rotation[:_SHOWN_OF_AN_ID]}" if self.rotation else ""

    @property
    def show_principal(self) -> str:
        """The command that explains every key of the principal."""
        return harmless(f"rotator doctor principal {shlex.quote(self.principal)}")

    def notice(self, kind: str, severity: Severity, summary: str, about: About) -> Notice:
        """Make a notice of what the line says; callers add what they know beside it."""
        return Notice(
            kind=kind,
            severity=severity,
            at=self.at,
            summary=harmless(summary),
            provider=self.provider,
            account=harmless(self.account),
            principal=harmless(self.principal),
            rule=harmless(self.rule),
            owner=harmless(about.owner),
            key=shortened(self.key),
            destination=harmless(self.destination),
            actor=harmless(self.actor),
            reason=discreet(self.reason, self.key, self.new_key),
            command=self.show_rotation,
            rotation=self.rotation,
            record=self.seq,
        )


def read_line(text: str) -> AuditLine:
    """Read a line of the audit log; fields that it lacks are empty.

    Raises:
        ValueError: It is no JSON object with a number and a time.
    """
    fields = json.loads(text)
    target, rotation = _section(fields, "target"), _section(fields, "rotation")
    account = _text(target, "account") or _text(_section(fields, "evidence"), "account")
    return AuditLine(
        seq=int(fields["seq"]),
        id=_text(fields, "id"),
        at=instant(datetime.fromisoformat(_text(fields, "time"))),
        action=_action(_text(fields, "action")),
        outcome=_text(fields, "outcome"),
        actor=_text(fields, "actor"),
        reason=_text(fields, "reason"),
        provider=_text(target, "provider"),
        account=account,
        principal=_text(target, "principal"),
        key=_text(target, "key_id"),
        new_key=_text(rotation, "new_key_id"),
        rotation=_text(rotation, "id"),
        destination=_text(_section(fields, "destination"), "resource"),
        rule=_text(_section(fields, "policy"), "rule"),
        policy=_text(_section(fields, "policy"), "sha256"),
        evidence=_section(fields, "evidence"),
    )


def _section(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}


def _text(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    return found if isinstance(found, str) else ""


def _action(word: str) -> AuditAction | None:
    return AuditAction(word) if word in frozenset(AuditAction) else None
