"""Specs without a file: what the loader makes of YAML, written down shortly."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from rotator.providers.http.selectors import Selector, TimeForm, compile_path
from rotator.providers.http.spec import (
    Auth,
    AuthKind,
    BodyKind,
    Condition,
    Evidence,
    EvidenceKind,
    Expect,
    Operation,
    PageKind,
    Pagination,
    Place,
    Request,
    Tree,
)
from rotator.providers.http.templates import parse

EVIDENCE = Evidence(kind=EvidenceKind.UNVERIFIED, source="made for a test")
FILE = "vendor.yaml"
_LINES = count(1)


def place(field: str) -> Place:
    """Each place has a line of its own, so that a test sees which one is meant."""
    return Place(file=FILE, line=next(_LINES), field=field)


def tree(value: object) -> Tree:
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, Mapping):
        return {name: tree(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map(tree, value))
    assert value is None or isinstance(value, int | float)
    return value


def condition(path: str, **wanted: object) -> Condition:
    given: dict[str, Any] = {
        name: value if name == "exists" else tree(value) for name, value in wanted.items()
    }
    return Condition(path=compile_path(path), place=place(f"assert of {path}"), **given)


def operation(
    name: str,
    method: str,
    path: str,
    *conditions: Condition,
    status: tuple[int, ...] = (200,),
    **parts: object,
) -> Operation:
    more: dict[str, Any] = dict(parts)
    kinds = {"json": BodyKind.JSON, "form": BodyKind.FORM}
    kind = next((kind for word, kind in kinds.items() if word in more), BodyKind.NONE)
    body = more.pop(kind.value, None)
    base_url = more.pop("base_url", None)
    request = Request(
        method=method,
        path=parse(path),
        base_url=None if base_url is None else parse(base_url),
        body_kind=kind,
        body=tree(body),
        query={name: tree(item) for name, item in more.pop("query", {}).items()},
        headers={name: parse(text) for name, text in more.pop("headers", {}).items()},
        **more,
    )
    expect = Expect(statuses=frozenset(status), conditions=conditions)
    return Operation(name=name, place=place(name), request=request, expect=expect)


def header(**headers: str) -> Auth:
    named = {name.replace("_", "-"): parse(text) for name, text in headers.items()}
    return Auth(kind=AuthKind.HEADER, place=place("auth"), headers=named)


def bearer_of_key() -> Auth:
    return header(Authorization="Bearer ${key.secret}")


def basic_auth(username: str, password: str) -> Auth:
    return Auth(
        kind=AuthKind.BASIC,
        place=place("auth"),
        username=parse(username),
        password=parse(password),
    )


def select(path: str, *, time: str | None = None, **more: object) -> Selector:
    told: dict[str, Any] = {"time": None if time is None else TimeForm(time), **more}
    return Selector(place=place(f"key {path}"), path=compile_path(path), **told)


def selects(**paths: Selector | str) -> dict[str, Selector]:
    return {
        name: select(found) if isinstance(found, str) else found for name, found in paths.items()
    }


def pages(kind: str = "none", **more: object) -> Pagination:
    paths = {"next", "more", "total"}
    told: dict[str, Any] = {
        name: compile_path(str(item)) if name in paths else item for name, item in more.items()
    }
    return Pagination(kind=PageKind(kind), place=place("paginate"), **told)
