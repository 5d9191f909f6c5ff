"""Make the golden vectors of the audit chain: ``python -m tests.core.make_chain_vectors``.

The hashes are computed here with hashlib and the standard library's JSON alone, so
that the vectors check `rotator.core.chain` and are not merely its echo. The lines
hold only ASCII keys, where sorting by code point is what RFC 8785 asks for.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from rotator.core.events import AuditAction, AuditRecord, ProviderCall, Stage, Subject
from rotator.core.ids import AccountId, CredentialId, KeyId, RotationId, instant

VECTORS = Path(__file__).parent.parent / "golden" / "audit_chain.jsonl"
LOG = "audit.example.com/prod"

_AT = instant(datetime(2026, 11, 21, 2, 41, 7, 113999, tzinfo=UTC))

FULL = AuditRecord(
    id="11111111-1111-4111-8111-111111111111",
    at=_AT,
    stage=Stage.OUTCOME,
    action=AuditAction.KEY_DISABLE,
    outcome="success",
    actor="operator:zoë",
    subject=Subject(
        provider="aws-iam",
        account=AccountId("111122223333"),
        principal='svc "payments"\n',
        credential_id=CredentialId("22222222-2222-4222-8222-222222222222"),
        key_id=KeyId("AKIAOLD"),
    ),
    rotation_id=RotationId("33333333-3333-4333-8333-333333333333"),
    trigger="age",
    new_key_id=KeyId("AKIANEW"),
    destination="payments/api",
    version_id="44444444-4444-4444-8444-444444444444",
    rule="pci",
    error=None,
    reason="unused for 28h, over 24h \U0001f511",
    evidence={"old_last_used": None, "attempts": 3, "quiet": True},
    calls=(
        ProviderCall(service="iam", operation="ListAccessKeys", request_id="abc/0"),
        ProviderCall(service="iam", operation="UpdateAccessKey", request_id="abc/1"),
    ),
    policy="7bd1",
    max_age="30d",
    source={"host": "rotator-0", "version": "1.4.0"},
)
BARE = AuditRecord(
    id="55555555-5555-4555-8555-555555555555",
    at=_AT,
    stage=Stage.EVENT,
    action=AuditAction.DAEMON_START,
    outcome="success",
)
RECORDS = (FULL, BARE)

_BODIES: tuple[dict[str, object], ...] = (
    {
        "id": FULL.id,
        "time": "2026-11-21T02:41:07.113Z",
        "stage": "outcome",
        "action": "key.disable",
        "outcome": "success",
        "actor": "operator:zoë",
        "target": {
            "provider": "aws-iam",
            "account": "111122223333",
            "principal": 'svc "payments"\n',
            "key_id": "AKIAOLD",
        },
        "rotation": {"id": FULL.rotation_id, "trigger": "age", "new_key_id": "AKIANEW"},
        "destination": {"resource": "payments/api", "version_id": FULL.version_id},
        "policy": {"rule": "pci", "sha256": "7bd1", "max_age": "30d"},
        "evidence": {"old_last_used": None, "attempts": 3, "quiet": True},
        "calls": [
            {"service": "iam", "operation": "ListAccessKeys", "code": "", "request_id": "abc/0"},
            {"service": "iam", "operation": "UpdateAccessKey", "code": "", "request_id": "abc/1"},
        ],
        "source": {"host": "rotator-0", "version": "1.4.0"},
        "error": None,
        "reason": "unused for 28h, over 24h \U0001f511",
    },
    {
        "id": BARE.id,
        "time": "2026-11-21T02:41:07.113Z",
        "stage": "event",
        "action": "daemon.start",
        "outcome": "success",
        "actor": "daemon",
        "target": None,
        "rotation": None,
        "destination": None,
        "policy": None,
        "evidence": {},
        "calls": [],
        "source": {},
        "error": None,
        "reason": None,
    },
)


def vectors() -> str:
    """Return one JSON object a line: the number, the line, and its hash."""
    prev, rows = "0" * 64, []
    for seq, body in enumerate(_BODIES):
        head = {"schema": "rotator.audit/v1", "seq": seq, "prev": prev, "log": LOG}
        line = json.dumps(
            {**head, **body}, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
        prev = hashlib.sha256(b"\x00" + line.encode()).hexdigest()
        rows.append(json.dumps({"seq": seq, "line": line, "hash": prev}))
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(vectors())
