"""Every text with holes of a spec, and what may stand in it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rotator.providers.http.spec import AuthKind
from rotator.providers.http.templates import Namespace, Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.providers.http.templates import Token
    from rotator.settings.document import Document, Path
    from rotator.settings.http_spec_auth import AuthSection
    from rotator.settings.http_spec_operations import (
        ConditionSection,
        ExpectSection,
        OperationSection,
        RequestSection,
    )
    from rotator.settings.http_spec_sections import SpecFile


class Slot(StrEnum):
    """What a text is a part of."""

    URL = "url"
    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    BODY = "body"
    CONDITION = "condition"
    PRINCIPAL = "principal"


_HIDDEN = frozenset({Slot.HEADER, Slot.BODY})
"""Parts of a request that nobody on the way writes down: not its URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a call's holes may name.

    Attributes:
        namespaces: Where their values may come from.
        secret_in: Parts in which the key's own secret may stand.
    """

    namespaces: frozenset[Namespace]
    secret_in: frozenset[Slot] = frozenset()

    def admits(self, token: Token, slot: Slot) -> bool:
        """Whether a hole may stand in a part of a call of this scope."""
        if token.namespace not in self.namespaces:
            return False
        if token.namespace is Namespace.CREDS:
            return slot in _HIDDEN
        if (token.namespace, token.name) == (Namespace.KEY, "secret"):
            return slot in self.secret_in
        if (token.namespace, token.name) == (Namespace.NEW, "secret"):
            return slot in _HIDDEN
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One text with holes.

    Attributes:
        call: Whose it is: ``auth``, ``list``, ``create``, ``verify``, ...; empty for
            what belongs to none.
    """

    call: str
    where: Path
    slot: Slot
    text: Template
    scope: Scope


def _scope(*namespaces: Namespace, secret_in: frozenset[Slot] = frozenset()) -> Scope:
    return Scope(namespaces=frozenset({Namespace.PARAMS, *namespaces}), secret_in=secret_in)


_PLAIN = _scope()
_KEY = _scope(Namespace.KEY)
_NEW = _scope(Namespace.NEW, Namespace.OLD)
_ITEM = _scope(Namespace.ITEM)
_CREDS = _scope(Namespace.CREDS)
_VERIFY = _scope(Namespace.KEY, secret_in=frozenset({Slot.BODY}))
_VERIFY_AUTH = _scope(Namespace.KEY, Namespace.CREDS, secret_in=_HIDDEN)
_ENDING = _scope(Namespace.KEY, secret_in=frozenset({Slot.PATH, Slot.BODY}))


def spots(model: SpecFile) -> tuple[Spot, ...]:
    """Find every text with holes of a spec."""
    return tuple(spot for spot in _all(model) if spot.text.tokens)


def written(document: Document, where: Path) -> Path:
    """Return a place as the file has it: a condition that stands alone has no number."""
    for end, part in enumerate(where):
        if part == 0 and where[:end] in document.lines and where[: end + 1] not in document.lines:
            return (*where[:end], *where[end + 1 :])
    return where


def texts_in(value: object, where: Path = ()) -> Iterator[tuple[Path, Template]]:
    """Find every text in a JSON value."""
    match value:
        case Template():
            yield where, value
        case Mapping():
            for name, item in value.items():
                yield from texts_in(item, (*where, name))
        case tuple():
            for index, item in enumerate(value):
                yield from texts_in(item, (*where, index))
        case _:
            pass


def _all(model: SpecFile) -> Iterator[Spot]:
    if model.base_url is not None:
        yield _spot("", ("baseUrl",), Slot.URL, model.base_url, _PLAIN)
    if model.principal is not None:
        yield _spot("", ("principal",), Slot.PRINCIPAL, model.principal, _PLAIN)
    yield from _tree("", ("headers",), Slot.HEADER, model.headers, _PLAIN)
    yield from _auth("auth", ("auth",), model.auth, _CREDS)
    yield from _readings(model)
    yield from _changes(model)


def _readings(model: SpecFile) -> Iterator[Spot]:
    calls, at = model.operations, ("operations",)
    for name, reading, scope in (
        ("preflight", calls.preflight, _PLAIN),
        ("own", calls.own, _PLAIN),
        ("list", calls.list, _PLAIN),
        ("verify", calls.verify, _VERIFY),
        ("usage", calls.usage, _KEY),
    ):
        if reading is not None:
            yield from _operation(name, (*at, name), reading, scope)
    yield from _auth("verify", (*at, "verify", "auth"), calls.verify.auth, _VERIFY_AUTH)
    yield from _conditions("list", (*at, "list", "where"), calls.list.where, _PLAIN)
    if calls.list.detail is not None:
        yield from _operation("detail", (*at, "list", "detail"), calls.list.detail, _ITEM)


def _changes(model: SpecFile) -> Iterator[Spot]:
    calls, at = model.operations, ("operations",)
    yield from _operation("create", (*at, "create"), calls.create, _NEW)
    if calls.create.quota is not None:
        yield from _expect("create", (*at, "create", "quota"), calls.create.quota, _NEW)
    for name, change in (("disable", calls.disable), ("enable", calls.enable)):
        if change is not None:
            yield from _operation(name, (*at, name), change, _KEY)
    for index, step in enumerate(calls.revoke.steps):
        scope = _ENDING if step.request.holds_secret else _KEY
        yield from _operation("revoke", (*at, "revoke", "steps", index), step, scope)


def _operation(call: str, where: Path, section: OperationSection, scope: Scope) -> Iterator[Spot]:
    yield from _request(call, (*where, "request"), section.request, scope)
    yield from _expect(call, (*where, "expect"), section.expect, scope)


def _request(call: str, where: Path, section: RequestSection, scope: Scope) -> Iterator[Spot]:
    if section.base_url is not None:
        yield _spot(call, (*where, "baseUrl"), Slot.URL, section.base_url, scope)
    yield _spot(call, (*where, "path"), Slot.PATH, section.path, scope)
    yield from _tree(call, (*where, "query"), Slot.QUERY, section.query, scope)
    yield from _tree(call, (*where, "headers"), Slot.HEADER, section.headers, scope)
    yield from _tree(call, (*where, "json"), Slot.BODY, section.json_body, scope)
    yield from _tree(call, (*where, "form"), Slot.BODY, section.form, scope)


def _expect(call: str, where: Path, section: ExpectSection, scope: Scope) -> Iterator[Spot]:
    yield from _conditions(call, (*where, "assert"), section.asserts, scope)


def _conditions(
    call: str, where: Path, sections: tuple[ConditionSection, ...], scope: Scope
) -> Iterator[Spot]:
    for index, section in enumerate(sections):
        at = (*where, index)
        yield from _tree(call, (*at, "equals"), Slot.CONDITION, section.equals, scope)
        yield from _tree(call, (*at, "oneOf"), Slot.CONDITION, section.one_of, scope)
        yield from _tree(call, (*at, "startsWith"), Slot.CONDITION, section.starts_with, scope)


def _auth(call: str, where: Path, section: AuthSection, scope: Scope) -> Iterator[Spot]:
    exchanged = Scope(namespaces=scope.namespaces | {Namespace.SESSION}, secret_in=scope.secret_in)
    is_exchange = section.type is AuthKind.TOKEN_EXCHANGE
    headers_scope = exchanged if is_exchange else scope
    yield from _tree(call, (*where, "headers"), Slot.HEADER, section.headers, headers_scope)
    for name in ("username", "password", "clientId", "clientSecret", "scope"):
        text = getattr(section, _ATTRIBUTES.get(name, name))
        yield from _tree(call, (*where, name), Slot.HEADER, text, scope)
    if section.token_url is not None:
        yield _spot(call, (*where, "tokenUrl"), Slot.URL, section.token_url, scope)
    if section.request is not None:
        yield from _request(call, (*where, "request"), section.request, scope)
    yield from _expect(call, (*where, "expect"), section.expect, scope)


_ATTRIBUTES = {"clientId": "client_id", "clientSecret": "client_secret"}


def _tree(call: str, where: Path, slot: Slot, value: object, scope: Scope) -> Iterator[Spot]:
    for inner, text in texts_in(value):
        yield _spot(call, (*where, *inner), slot, text, scope)


def _spot(call: str, where: Path, slot: Slot, text: Template, scope: Scope) -> Spot:
    return Spot(call=call, where=where, slot=slot, text=text, scope=scope)
