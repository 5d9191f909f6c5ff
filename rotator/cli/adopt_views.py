"""What adoption found, for people and for machines, and rules in the policy file's words."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from rotator.cli.printing import NOTHING, span
from rotator.core.adoption import OF_OBJECTS, OF_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotator.core.adoption import AdoptionRow, PlacedKey
    from rotator.core.ids import Instant
    from rotator.core.policy import DestinationTemplate, Rule

TITLES = ("Name", "Provider", "Account", "Key ID", "Age", "Found in", "Policy", "Verdict", "Why")
NARROW_TITLES = ("Name", "Provider", "Account", "Key ID", "Age", "Verdict", "Why")
OBJECT_TITLES = ("Object", "Account", "Verdict", "Why")
_OFF = " off"


def wide_lines(row: AdoptionRow, now: Instant) -> Iterator[tuple[str, ...]]:
    """Show a principal, a line for each of its keys; what is to be said stands in the first."""
    rule, said = row.rule or NOTHING, (row.verdict.value, row.finding.why)
    who = (row.name, row.provider or NOTHING, row.account)
    if not row.keys:
        yield (*who, NOTHING, NOTHING, NOTHING, rule, *said)
    for index, item in enumerate(row.keys):
        cells = (*who, item.key.key_id, _age(item, now), _found_in(item))
        yield (*cells, rule, *(said if index == 0 else ("", "")))


def narrow_lines(row: AdoptionRow, now: Instant) -> Iterator[tuple[str, ...]]:
    """Show the same for terminals: the sentence names the place, and the rule beside it."""
    by = f" (rule {row.rule})" if row.rule and row.verdict in OF_RULES else ""
    for name, provider, account, key, age, _, _, verdict, why in wide_lines(row, now):
        yield (name, provider, account, key, age, verdict, why + by if why else why)


def object_cells(row: AdoptionRow) -> tuple[str, ...]:
    """Show an object that is no principal's."""
    return (row.name, row.account, row.verdict.value, row.finding.why)


def pasted(rules: Sequence[Rule]) -> str:
    """Write rules as they stand in the policy file, below ``rules:``."""
    import yaml

    words = [rule_words(rule) for rule in rules]
    return indent(yaml.safe_dump(words, sort_keys=False, width=1000), "  ").rstrip()


def rule_words(rule: Rule) -> dict[str, object]:
    """Say a rule in the policy file's words, without what is built in."""
    match = rule.match
    fields = {
        "provider": match.provider,
        "account": match.account,
        "principal": match.principal,
        "path": match.path,
    }
    said: dict[str, object] = {
        "name": rule.name,
        "match": {name: _short(globs) for name, globs in fields.items() if globs},
        "action": rule.action.value if rule.action else "ignore",
    }
    if rule.destination is not None:
        said["destination"] = _destination_words(rule.destination)
    return said


def record(rows: Sequence[AdoptionRow], rules: Sequence[Rule], now: Instant) -> dict[str, object]:
    """Say everything for machines."""
    return {
        "principals": [_record(row, now) for row in rows if row.verdict not in OF_OBJECTS],
        "objects": [_object_record(row) for row in rows if row.verdict in OF_OBJECTS],
        "rules": [rule_words(rule) for rule in rules],
    }


def _record(row: AdoptionRow, now: Instant) -> dict[str, object]:
    return {
        "name": row.name,
        "account": row.account,
        "provider": row.provider or None,
        "verdict": row.verdict.value,
        "cause": row.finding.cause.value if row.finding.cause else None,
        "why": row.finding.why,
        "policy": row.rule or None,
        "adopts": row.finding.adopts,
        "isWaiting": row.is_waiting,
        "keys": [_key_record(item, now) for item in row.keys],
    }


def _key_record(item: PlacedKey, now: Instant) -> dict[str, object]:
    return {
        "keyId": item.key.key_id,
        "isEnabled": item.key.enabled,
        "createdAt": item.key.created_at if item.key.is_dated else None,
        "ageSeconds": now - item.key.created_at if item.key.is_dated else None,
        "foundIn": [
            {
                "type": place.item.kind,
                "account": place.item.account,
                "region": place.item.region,
                "name": place.item.name,
                "field": place.key.field,
            }
            for place in item.places
        ],
    }


def _object_record(row: AdoptionRow) -> dict[str, object]:
    return {
        "name": row.name,
        "account": row.account,
        "verdict": row.verdict.value,
        "why": row.finding.why,
    }


def _age(item: PlacedKey, now: Instant) -> str:
    age = span(now - item.key.created_at) if item.key.is_dated else NOTHING
    return age if item.key.enabled else age + _OFF


def _found_in(item: PlacedKey) -> str:
    return ", ".join(place.item.name for place in item.places) or NOTHING


def _short(globs: tuple[str, ...]) -> str | list[str]:
    return globs[0] if len(globs) == 1 else list(globs)


def _destination_words(template: DestinationTemplate) -> dict[str, object]:
    """Leave out what the language fills in by itself."""
    plain = type(template)(kind=template.kind, name=template.name)
    words: dict[str, object] = {"type": template.kind, "secret": template.name}
    if template.region:
        words["region"] = template.region
    fields = (template.key_id_field, template.secret_field)
    if fields != (plain.key_id_field, plain.secret_field):
        named = zip(("keyId", "secret"), fields, strict=True)
        words["fields"] = {name: field for name, field in named if field}
    if template.merge:
        words["merge"] = True
    return words
