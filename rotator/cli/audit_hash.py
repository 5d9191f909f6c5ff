"""`rotator audit hash`: whether a text that leaked is one of our keys."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import click

from rotator.cli.audit_records import all_lines
from rotator.cli.invocation import (
    FAILED,
    common_options,
    examples,
    json_option,
    pass_invocation,
)
from rotator.cli.printing import print_fields, print_json, print_lines, when
from rotator.core.audit_lines import read_record
from rotator.core.events import FINGERPRINT
from rotator.core.rotation import Role
from rotator.core.secret import Secret
from rotator.core.value_reading import LONGEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rotator.cli.invocation import App, Invocation
    from rotator.core.rotation import Credential, KeyRecord
    from rotator.settings.settings import Settings

_BY_ID: Final = "its id is in the audit log"
_BY_FINGERPRINT: Final = "its fingerprint is that of the key's secret"

_NAMES: Final = {
    "Key ID": "keyId",
    "Principal": "principal",
    "Account": "account",
    "Recognised": "recognised",
    "First record": "firstRecord",
    "Made": "made",
    "State": "state",
    "To do": "toDo",
}
"""What the fields are called in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A record that knows the text.

    Attributes:
        by: How it was recognised.
        key_id: Which key it is; empty where the record does not say.
        principal: Whose.
        account: Where.
        record: The first record that names it: the one of its making, if we made it.
    """

    by: str
    key_id: str
    principal: str
    account: str
    record: Mapping[str, Any]


@click.command(
    "hash",
    epilog=examples(
        "rotator audit hash",
        "rotator audit hash < leaked.txt",
        "rotator audit hash --json < leaked.txt",
    ),
)
@json_option
@common_options
@pass_invocation
def hash_command(invocation: Invocation, *, as_json: bool) -> None:
    """Tell whether a leaked text is a key of ours.

    It may be a key's id or its secret. The text is read from standard input and
    kept nowhere; a person who types it does not see it. Ids are found as they are,
    secrets by their fingerprints, over every configured fingerprint key. Exits with
    0 if it is ours, 1 if it is not.
    """
    settings = invocation.settings()
    text = _read(invocation)
    with invocation.app(read_only=True) as app:
        prints = _fingerprints(settings, text)
        found = _find(app, text, prints)
        lines = _story(app, found) if found else []
        lost = () if found else _lost_keys(app, prints)
    _tell(invocation, found, lines, as_json=as_json, has_keys=bool(prints), lost=lost)
    sys.exit(0 if found else FAILED)


def _read(invocation: Invocation) -> str:
    """Read the text; a line feed at its end is the shell's."""
    from rotator.cli.refusing import read_value

    value = read_value(invocation)
    if len(value) > LONGEST:
        msg = f"what was read is longer than {LONGEST} bytes, so it is no key's text"
        raise click.UsageError(msg)
    text = value.decode(errors="replace").strip()
    if not text:
        raise click.UsageError("the text is read from standard input, where there is none")
    return text


def _fingerprints(settings: Settings, text: str) -> tuple[str, ...]:
    from rotator.audit.fingerprints import Fingerprinter

    terms = settings.audit
    made = Fingerprinter(terms.fingerprint_keys, terms.fingerprint_current)
    return made.all_of(Secret(text))


def _find(app: App, text: str, prints: Sequence[str]) -> _Match | None:
    """Search every record, from the first on."""
    for record in map(read_record, all_lines(app.journal)):
        if record["evidence"].get(FINGERPRINT) in prints:
            return _match(record, _BY_FINGERPRINT, _made(record))
        if text in {record["target"].get("key_id"), record["rotation"].get("new_key_id")}:
            return _match(record, _BY_ID, text)
        if text == record["evidence"].get("key_id"):
            return _match(record, _BY_ID, text)
    return None


def _lost_keys(app: App, prints: Sequence[str]) -> tuple[str, ...]:
    """Name the fingerprint keys that the log knows and the configuration lacks."""
    records = map(read_record, all_lines(app.journal))
    made = (str(it["evidence"].get(FINGERPRINT) or "") for it in records)
    names = {it.split(":")[1] for it in made if it.count(":") > 1}
    return tuple(sorted(names - {it.split(":")[1] for it in prints}))


def _made(record: Mapping[str, Any]) -> str:
    """Name the key that a record of its making is about."""
    own = record["evidence"].get("key_id") or record["target"].get("key_id")
    return str(own or record["rotation"].get("new_key_id") or "")


def _match(record: Mapping[str, Any], by: str, key_id: str) -> _Match:
    target, evidence = record["target"], record["evidence"]
    return _Match(
        by=by,
        key_id=key_id,
        principal=str(target.get("principal") or evidence.get("name") or ""),
        account=str(target.get("account") or evidence.get("account") or ""),
        record=record,
    )


def _story(app: App, found: _Match) -> list[tuple[str, str]]:
    """Say which key it is, whether it lives, and what to do."""
    known = app.journal.keys()
    key = next((it for it in known if it.key_id == found.key_id), None)
    owner = _owner(app, key)
    first = f"{found.record['time']} by {found.record['actor']} ({found.record['action']})"
    return [
        ("Key ID", found.key_id),
        ("Principal", found.principal),
        ("Account", found.account),
        ("Recognised", found.by),
        ("First record", f"#{found.record['seq']} {first}"),
        ("Made", when(key.created_at) if key else ""),
        ("State", _state(key)),
        ("To do", _advice(key, owner, found)),
    ]


def _owner(app: App, key: KeyRecord | None) -> Credential | None:
    known = app.journal.credentials()
    return next((it for it in known if key and it.id == key.credential_id), None)


def _is_alive(key: KeyRecord | None) -> bool:
    """Whether it may work: what the journal does not know is taken for alive."""
    return key is None or (key.role is not Role.GONE and key.enabled)


def _state(key: KeyRecord | None) -> str:
    if key is None:
        return "unknown: the journal has no record of it"
    if key.role is Role.GONE:
        return f"deleted, {when(key.gone_at)}"
    return "WORKS" if key.enabled else "disabled: it can be switched on again"


def _advice(key: KeyRecord | None, owner: Credential | None, found: _Match) -> str:
    if not _is_alive(key):
        return "nothing; look at what was done with it while it worked"
    if key is None or owner is None:
        whose = f" principal {quote(found.principal)}" if found.principal else ""
        return f"look for it at the provider: rotator doctor{whose}"
    of = owner.principal
    where = f"--account {of.account} --provider {of.provider}"
    return f"replace it now: rotator keys rotate {quote(of.name)} {where} --taint --reason leaked"


def _tell(
    invocation: Invocation,
    found: _Match | None,
    lines: Sequence[tuple[str, str]],
    *,
    as_json: bool,
    has_keys: bool,
    lost: Sequence[str],
) -> None:
    unsure = "" if has_keys else "; secrets cannot be recognised: no audit.fingerprints configured"
    if has_keys and lost:
        unsure = (
            f", BUT audit.fingerprints lacks {', '.join(lost)}: what they made was not compared"
        )
    if as_json:
        told = {_NAMES[name]: text or None for name, text in lines}
        print_json({"ours": found is not None, "knowsSecrets": has_keys and not lost, **told})
    elif found is None:
        print_lines(f"not ours: no record knows this text{unsure}")
    else:
        print_lines("OURS")
        print_fields(invocation, lines)
