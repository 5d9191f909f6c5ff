"""The accounts of HTTP APIs that a configuration names, with everything that contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core.durations import format_duration
from rotator.core.ids import AccountId
from rotator.core.permissions import rotating_rules
from rotator.core.policy import Account, merged
from rotator.errors import Fault
from rotator.settings.document import read_document
from rotator.settings.home import Home, find_home
from rotator.settings.http import HttpPlace
from rotator.settings.http_params import (
    can_expire,
    credential_faults,
    filled_params,
    must_expire,
    param_faults,
)
from rotator.settings.http_places import base_url, file_faults, url_faults
from rotator.settings.http_spec import read_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path as FilePath

    from rotator.core.policy import Policy
    from rotator.providers.http.spec import Spec
    from rotator.settings.account_names import AccountNames
    from rotator.settings.configuration import ConfigurationFile
    from rotator.settings.document import Document, Path
    from rotator.settings.http import HttpAccountSection, HttpProviderSection
    from rotator.settings.http_params import Told


@dataclass(frozen=True, slots=True)
class _SpecFile:
    """A spec as read; its name is known where only the rest of it is wrong."""

    name: str = ""
    spec: Spec | None = None


@dataclass(slots=True, kw_only=True)
class HttpReader:
    """Makes accounts of their sections, and reads the specs that they name.

    Attributes:
        document: The file, to point at its lines.
        model: What it says.
        folder: What relative paths are relative to.
        names: Ids and names of accounts; those of these accounts are added.
        faults: Every contradiction that was met, those inside of specs, too.
        accounts: The accounts as policy knows them, also those that are otherwise wrong.
        is_whole: Whether the name of every spec is known.
    """

    document: Document
    model: ConfigurationFile
    folder: FilePath
    names: AccountNames
    faults: list[Fault] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    is_whole: bool = True

    def read(self) -> tuple[HttpPlace, ...]:
        """Return every account that could be made out."""
        made: list[HttpPlace] = []
        seen: dict[str, Path] = {}
        sections = self.model.http.providers if self.model.http else ()
        for index, section in enumerate(sections):
            at: Path = ("http", "providers", index)
            found = self._spec((*at, "spec"), section)
            self._name_once((*at, "spec"), found.name, seen)
            for number, account in enumerate(section.accounts):
                self._account((*at, "accounts", number), account, found, made)
        return tuple(made)

    def _spec(self, at: Path, section: HttpProviderSection) -> _SpecFile:
        path = self.folder / section.spec
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self._complain(at, f"the file `{path}` cannot be read: {why}", "name a spec that can")
            self.is_whole = False
            return _SpecFile()
        spec, faults = read_spec(str(path), text)
        self.faults += faults
        if spec is not None:
            return _SpecFile(spec.name, spec)
        name = read_document(str(path), text).values.get("name")
        self.is_whole = self.is_whole and isinstance(name, str)
        return _SpecFile(name if isinstance(name, str) else "")

    def _name_once(self, at: Path, name: str, seen: dict[str, Path]) -> None:
        if name in seen:
            where = self.document.line(seen[name])
            problem = f"brings the provider `{name}`, as the spec in line {where} does"
            self._complain(at, problem, "list its accounts there, or give one spec another name")
        if name:
            seen.setdefault(name, at)

    def _account(
        self, at: Path, section: HttpAccountSection, found: _SpecFile, made: list[HttpPlace]
    ) -> None:
        words = {"id": section.id, "name": section.name}
        self.faults += self.names.take(self.document, at, words, "account")
        told = [*file_faults(section, self.folder), *_told_of(section, found.spec)]
        for below, problem, remedy in told:
            self._complain((*at, *below), problem, remedy)
        home = find_home(self.document, at, section.home, self.model.aws)
        if found.name:
            self.accounts.append(_as_policy_knows(section, found.name, home))
        if isinstance(home, Fault):
            self.faults.append(home)
            return
        if found.spec is not None and not told:
            place = _place(section, found.spec, home)
            self._tell_twin(at, place, made)
            made.append(place)

    def _tell_twin(self, at: Path, place: HttpPlace, made: list[HttpPlace]) -> None:
        """Refuse two accounts that are one: each would rotate the other's keys."""
        twin = next((item for item in made if _reached(item) == _reached(place)), None)
        if twin is not None:
            problem = f"is the account `{twin.id}` again: the same place, values and credentials"
            self._complain(at, problem, "list every account once, or say in `params` what differs")

    def _complain(self, path: Path, problem: str, remedy: str) -> None:
        self.faults.append(self.document.fault(path, problem, remedy))


def lifetime_faults(
    document: Document, model: ConfigurationFile, policy: Policy
) -> Iterator[Fault]:
    """Name the lifetimes that end before policy lets their keys be replaced.

    Args:
        document: The configuration's file.
        model: What it says.
        policy: What is wanted with the accounts' keys.
    """
    for index, section in enumerate(model.http.providers if model.http else ()):
        for number, account in enumerate(section.accounts):
            at: Path = ("http", "providers", index, "accounts", number, "lifetime")
            for rule in rotating_rules(policy, AccountId(account.id)):
                longest = merged(policy.defaults, rule.overrides)[0].max_age
                if account.lifetime is not None and account.lifetime < longest:
                    yield document.fault(
                        at,
                        f"is shorter than maxAge {format_duration(longest)} of rule "
                        f"`{rule.name}`, so keys would end before they are replaced",
                        f"write at least {format_duration(longest)}, or lower maxAge",
                    )


def patience_faults(
    document: Document, model: ConfigurationFile, places: Iterable[HttpPlace]
) -> Iterator[Fault]:
    """Name the patience that is over before an API lets its new keys in everywhere.

    Each of its new keys would be given up and discarded, again and again.
    """
    limits = model.limits
    patience = limits.verify_timeout * limits.verify_attempts
    slow = [it.spec for it in places if it.spec.propagation.create > patience]
    if slow:
        longest = max(slow, key=lambda it: it.propagation.create)
        needed = format_duration(longest.propagation.create)
        tries = f"{limits.verify_attempts} times {format_duration(limits.verify_timeout)}"
        yield document.fault(
            ("limits", "verifyTimeout"),
            f"gives new keys up after {tries}, and one of {longest.name} may take {needed}",
            f"write {needed}, or lower `propagation.create` in the spec if that is too careful",
        )


def _told_of(section: HttpAccountSection, spec: Spec | None) -> Iterator[Told]:
    """Name what an account and its spec have against each other."""
    if spec is None:
        return
    params = filled_params(spec, section.params)
    yield from url_faults(section, spec, params)
    yield from param_faults(spec, section.params)
    yield from credential_faults(spec, section.credentials)
    if section.lifetime is None and must_expire(spec):
        problem = "gives no lifetime, and by its spec every new key is told when to end"
        yield (), problem, "add `lifetime: 120d`, not shorter than `maxAge` of its rules"
    if section.lifetime is not None and not can_expire(spec):
        problem = "would never be sent: the spec's `create` holds no `${new.ttl}` or alike"
        yield ("lifetime",), problem, "remove it, or let the spec send it"


def _as_policy_knows(section: HttpAccountSection, provider: str, home: Home | Fault) -> Account:
    """Make the account that rules are about; without a home it is in nobody's way."""
    known = home if isinstance(home, Home) else None
    return Account(
        id=AccountId(section.id),
        name=section.name or "",
        region=known.region if known else "",
        home=known.account if known else None,
        providers=(provider,),
    )


def _place(section: HttpAccountSection, spec: Spec, home: Home) -> HttpPlace:
    params = filled_params(spec, section.params)
    return HttpPlace(
        id=AccountId(section.id),
        name=section.name or "",
        home=home.account,
        home_region=home.region,
        spec=spec,
        section=section,
        base_url=base_url(section, spec, params),
        params=params,
    )


def _reached(place: HttpPlace) -> tuple[object, ...]:
    return place.spec.name, place.base_url, place.params, place.section.credentials
