"""Texts with holes: ``${params.user}``, ``${new.ttl|seconds}``.

A template is taken apart once, when a spec is loaded, and filled in a single pass: a
value is never read as a template again, whatever it holds. A text that is exactly one
hole keeps the type of its value. Whatever has a secret in it is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, unquote

from rotator.core.secret import Secret
from rotator.providers.http.filters import FILTERS, LEAVES_OUT, REPLACES, Filter, convert, written
from rotator.providers.http.notations import NotationError

if TYPE_CHECKING:
    from rotator.providers.http.spec import Tree

LONGEST: Final = 8 << 10
"""Most characters of a template."""

_MOST_FILTERS = 4
_OPEN = re.compile(r"\$\$\{|\$\{")
_HOLE = re.compile(r"(?P<namespace>[a-z]+)\.(?P<name>[A-Za-z][A-Za-z0-9_-]{0,63})")
_URL_PART = re.compile(r"[A-Za-z0-9._~-]+(:[0-9]{1,5})?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FORM = "write `${params.NAME}`, and `$${` where a `${` is meant as it stands"


class Namespace(StrEnum):
    """Where a value comes from."""

    PARAMS = "params"
    CREDS = "creds"
    NEW = "new"
    KEY = "key"
    OLD = "old"
    ITEM = "item"
    SESSION = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One hole: which value, and what is made of it."""

    namespace: Namespace
    name: str
    filters: tuple[Filter, ...] = ()

    def __str__(self) -> str:
        """Write it as the spec does, without its filters."""
        return f"${{{self.namespace}.{self.name}}}"

    @property
    def is_optional(self) -> bool:
        """Whether a field is left out where there is no value."""
        return any(item.name == LEAVES_OUT for item in self.filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text taken apart.

    Attributes:
        text: As the spec has it.
        parts: Literal texts and holes, in their order.
    """

    text: str
    parts: tuple[str | Token, ...]

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Its holes."""
        return tuple(part for part in self.parts if isinstance(part, Token))


Values: TypeAlias = "Mapping[Namespace, Mapping[str, object]]"
"""What holes are filled with: texts, numbers, truths, lists, mappings, aware datetimes,
durations and secrets; None, or a name that is not there, is no value."""


class TemplateError(NotationError):
    """A text is no template."""


class UnfilledError(Exception):
    """A hole cannot be filled; the value is never part of it.

    Attributes:
        token: The hole.
        problem: Why not.
    """

    def __init__(self, token: Token, problem: str) -> None:
        """Keep both parts for a message that names the spec's line."""
        super().__init__(f"{token} {problem}")
        self.token = token
        self.problem = problem


def parse(text: str) -> Template:
    """Take a text apart.

    Raises:
        TemplateError: A hole is not closed, or names something that does not exist.
    """
    if len(text) > LONGEST:
        raise TemplateError(f"is longer than {LONGEST} characters", "write less")
    if _SURROGATE.search(text):
        raise TemplateError("holds characters that are no text", "save the file as UTF-8")
    parts: list[str | Token] = []
    literal, at = "", 0
    while found := _OPEN.search(text, at):
        literal += text[at : found.start()]
        if found[0] == "$${":
            literal, at = literal + "${", found.end()
            continue
        inner, at = _inner(text, found.end())
        parts += [literal, _token(inner)]
        literal = ""
    parts.append(literal + text[at:])
    return _checked(Template(text=text, parts=tuple(part for part in parts if part)))


def fill(template: Template, values: Values) -> object:
    """Fill in every hole.

    Returns:
        What the value is, if the template is exactly one hole; None if that is optional
        and has no value; else a text, or a secret.

    Raises:
        UnfilledError: A hole has no value, or one of another type.
    """
    match template.parts:
        case (Token() as token,):
            return _value(token, values)
        case parts:
            return _joined([_part(part, values) for part in parts])


def fill_text(template: Template, values: Values) -> str | Secret:
    """Fill in every hole, as text.

    Line breaks stay in it: a header's value is checked by the transport, which refuses
    them without showing them.

    Raises:
        UnfilledError: As `fill`; also for a value that is a list or a mapping.
    """
    return _joined([_part(part, values) for part in template.parts])


def fill_path(template: Template, values: Values) -> str | Secret:
    """Fill in every hole of a path; what is filled in stays inside of its own segment.

    Raises:
        UnfilledError: As `fill_text`; also for a value that is empty, or that would
            make a segment ``.`` or ``..``, even for a server that decodes twice.
    """
    path = _joined([_segment(part, values) for part in template.parts])
    if template.tokens and _climbs(_plain(path)):
        raise UnfilledError(template.tokens[-1], "would climb out of its place in the path")
    return path


def fill_url(template: Template, values: Values) -> str:
    """Fill in every hole of a base URL, with values that can only be a part of one.

    Raises:
        UnfilledError: As `fill_text`; also for a value that is more than letters,
            digits, dots and hyphens with a port behind, or that would climb.
    """
    for token in template.tokens:
        if not _URL_PART.fullmatch(_plain(_part(token, values))):
            raise UnfilledError(token, "is no part of a URL")
    url = _plain(fill_text(template, values))
    if template.tokens and _climbs(url):
        raise UnfilledError(template.tokens[-1], "would climb out of its place in the path")
    return url


def fill_tree(tree: Tree, values: Values) -> object:
    """Fill in every template of a JSON value; fields of optional holes are left out.

    Raises:
        UnfilledError: As `fill`.
    """
    if isinstance(tree, Template):
        return fill(tree, values)
    if isinstance(tree, Mapping):
        filled = {name: (item, fill_tree(item, values)) for name, item in tree.items()}
        return {name: value for name, (item, value) in filled.items() if not _is_out(item, value)}
    if isinstance(tree, tuple):
        items = [(item, fill_tree(item, values)) for item in tree]
        return [value for item, value in items if not _is_out(item, value)]
    return tree


def _is_out(item: Tree, value: object) -> bool:
    return isinstance(item, Template) and value is None


def _inner(text: str, start: int) -> tuple[str, int]:
    end = text.find("}", start)
    if end < 0:
        raise TemplateError("has a `${` that is not closed", _FORM)
    return text[start:end], end + 1


def _token(inner: str) -> Token:
    place, *filters = inner.split("|")
    found = _HOLE.fullmatch(place)
    if found is None:
        raise TemplateError(f"`${{{inner[:40]}}}` is no hole that can be filled", _FORM)
    if found["namespace"] not in set(Namespace):
        known = ", ".join(Namespace)
        raise TemplateError(f"`{found['namespace']}` names no values", f"known are: {known}")
    if len(filters) > _MOST_FILTERS:
        raise TemplateError(f"`{place}` has too many filters", f"write {_MOST_FILTERS} at most")
    return Token(
        namespace=Namespace(found["namespace"]),
        name=found["name"],
        filters=tuple(map(_filter, filters)),
    )


def _filter(text: str) -> Filter:
    name, colon, argument = text.partition(":")
    known = FILTERS.get(name)
    if known is None:
        raise TemplateError(f"`{name[:40]}` is no filter", f"known are: {', '.join(FILTERS)}")
    if bool(colon) is not known.has_argument:
        form = f"{name}:TEXT" if known.has_argument else name
        raise TemplateError(f"the filter `{name}` has another form", f"write `|{form}`")
    return Filter(name=name, argument=argument)


def _checked(template: Template) -> Template:
    for token in template.tokens:
        if any(item.name in {LEAVES_OUT, REPLACES} for item in token.filters[:-1]):
            problem = f"has a filter after `{REPLACES}` or `{LEAVES_OUT}`"
            raise TemplateError(problem, "write that one last, and only one of the two")
    if len(template.parts) > 1 and any(token.is_optional for token in template.tokens):
        raise TemplateError(
            "has an optional hole beside other text",
            "let it stand alone, so that its field can be left out, or write `|default:TEXT`",
        )
    return template


def _value(token: Token, values: Values) -> object:
    """Take a hole's value through its filters; None only if it is optional."""
    value = values.get(token.namespace, {}).get(token.name)
    for item in token.filters:
        if value is None and item.name == REPLACES:
            value = item.argument
        elif value is not None:
            value = _converted(token, item, value)
    if value is None and not token.is_optional:
        raise UnfilledError(token, "has no value")
    if isinstance(value, datetime | timedelta):
        raise UnfilledError(token, "is a time, and no filter says how it is written")
    if isinstance(value, str | Secret) and _SURROGATE.search(_plain(value)):
        raise UnfilledError(token, "holds characters that are no text")
    return value


def _converted(token: Token, item: Filter, value: object) -> object:
    problem, result = convert(item, value)
    if problem:
        raise UnfilledError(token, problem)
    return result


def _part(part: str | Token, values: Values) -> str | Secret:
    if isinstance(part, str):
        return part
    text = written(_value(part, values))
    if text is None:
        raise UnfilledError(part, "is no text, and no filter makes one of it")
    return text


def _segment(part: str | Token, values: Values) -> str | Secret:
    text = _part(part, values)
    if isinstance(part, str):
        return text
    plain = _plain(text)
    if not plain:
        raise UnfilledError(part, "is empty, and stands in a path")
    encoded = quote(plain, safe="")
    return Secret(encoded) if isinstance(text, Secret) else encoded


def _climbs(path: str) -> bool:
    """Whether a server that decodes a path, even twice, would see a dot segment in it."""
    return any(
        segment in {".", ".."}
        for text in (path, unquote(path), unquote(unquote(path)))
        for segment in re.split(r"[/\\]", text)
    )


def _joined(parts: list[str | Secret]) -> str | Secret:
    text = "".join(map(_plain, parts))
    return Secret(text) if any(isinstance(part, Secret) for part in parts) else text


def _plain(text: str | Secret) -> str:
    return text.reveal() if isinstance(text, Secret) else text
