"""`rotator provider check` and `list`: what specs of HTTP APIs say, without calling anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rotator.cli.printing import NOTHING, print_json, print_table
from rotator.errors import ConfigError
from rotator.providers.http.holes import asks_for
from rotator.providers.http.templates import Namespace
from rotator.settings.http_spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rotator.cli.invocation import Invocation
    from rotator.errors import Fault
    from rotator.providers.http.spec import Spec

_CHECKED = ("Provider", "Enters By", "Pages", "Evidence", "Can")
_LISTED = ("Provider", "Accounts", "Evidence", "Spec", "Source")


def check_specs(invocation: Invocation, paths: Sequence[Path], *, as_json: bool) -> None:
    """Load specs as the daemon does, and summarise them.

    Raises:
        ConfigError: Some cannot be used; holds the faults of all of them.
    """
    specs, faults = _loaded(paths)
    if faults:
        raise ConfigError(faults)
    if as_json:
        print_json([_record(spec) for spec in specs])
    else:
        print_table(invocation, _CHECKED, [_cells(spec) for spec in specs])


def list_specs(invocation: Invocation, folder: Path | None, *, as_json: bool) -> None:
    """List the configured specs, or those of a folder; one with faults is listed, too."""
    rows = _configured(invocation) if folder is None else _of_folder(folder)
    if as_json:
        print_json([row.record() for row in rows])
    elif rows:
        print_table(invocation, _LISTED, [row.cells() for row in rows])
    else:
        where = "is configured: see `http.providers`" if folder is None else f"is in {folder}"
        click.echo(f"no spec {where}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One spec.

    Attributes:
        spec: None where it cannot be used.
        accounts: Who is looked after by it; empty for a file alone.
        faults: Why it cannot be used.
    """

    file: str
    spec: Spec | None
    accounts: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """Show it as a row of a table."""
        accounts = ", ".join(self.accounts) or NOTHING
        if self.spec is None:
            number = len(self.faults)
            told = f"{number} fault{'' if number == 1 else 's'}"
            return (NOTHING, accounts, told, self.file, f"rotator provider check {self.file}")
        evidence = self.spec.evidence
        return (self.spec.name, accounts, evidence.kind.value, self.file, evidence.source)

    def record(self) -> dict[str, object]:
        """Say it for machines."""
        told = _record(self.spec) if self.spec else {"name": None, "file": self.file}
        return told | {"accounts": list(self.accounts), "faults": [str(it) for it in self.faults]}


def _configured(invocation: Invocation) -> list[_Row]:
    places = invocation.settings().http_accounts
    specs = {place.spec.name: place.spec for place in places}
    return [
        _Row(
            file=spec.file,
            spec=spec,
            accounts=tuple(it.id for it in places if it.spec.name == name),
        )
        for name, spec in specs.items()
    ]


def _of_folder(folder: Path) -> list[_Row]:
    rows = []
    for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        specs, faults = _loaded([path])
        rows.append(_Row(file=str(path), spec=next(iter(specs), None), faults=tuple(faults)))
    return rows


def _loaded(paths: Sequence[Path]) -> tuple[list[Spec], list[Fault]]:
    specs: list[Spec] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            specs.append(load_spec(path))
        except ConfigError as error:
            faults.extend(error.faults)
    return specs, faults


def capabilities(spec: Spec) -> dict[str, bool]:
    """Say what an API can do for us, by its spec."""
    keys, create = spec.listing.key, spec.creation.operation
    return {
        "names": spec.principal is None,
        "expiry": asks_for(create, Namespace.NEW, "ttl")
        or asks_for(create, Namespace.NEW, "expiresAt"),
        "scopes": asks_for(create, Namespace.NEW, "scopes"),
        "description": asks_for(create, Namespace.NEW, "description"),
        "last use": "lastUsedAt" in keys,
        "usage": spec.usage is not None,
        "disable": spec.disabling is not None,
        "own key": spec.own is not None,
        "preflight": spec.preflight is not None,
    }


def _cells(spec: Spec) -> tuple[str, ...]:
    able = [name for name, is_so in capabilities(spec).items() if is_so]
    return (
        spec.name,
        spec.auth.kind.value,
        spec.listing.pagination.kind.value,
        spec.evidence.kind.value,
        ", ".join(able) or NOTHING,
    )


def _record(spec: Spec) -> dict[str, object]:
    evidence = spec.evidence
    return {
        "name": spec.name,
        "title": spec.title,
        "file": spec.file,
        "auth": spec.auth.kind.value,
        "pagination": spec.listing.pagination.kind.value,
        "maxActiveKeys": spec.max_keys,
        "params": sorted(spec.params),
        "credentials": sorted(spec.credentials),
        "capabilities": capabilities(spec),
        "evidence": {
            "kind": evidence.kind.value,
            "source": evidence.source,
            "note": evidence.note or None,
        },
    }
