"""The kinds of fields that a spec of an HTTP API is made of.

What is wrong inside of one text (a template, a path, a header) is told here, at the
place of that text; what contradicts another field is told by the rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from rotator.clients.http_guard import Origin
from rotator.clients.http_messages import HttpRequest
from rotator.clients.http_sending import headers_of
from rotator.errors import RejectedError
from rotator.providers.http.patterns import PatternError, compile_capture, compile_pattern
from rotator.providers.http.selectors import Path, PathError, compile_path
from rotator.providers.http.templates import Template, TemplateError, Token, parse
from rotator.settings.fields import refusal
from rotator.settings.http_spec_urls import host_problem, path_problem, url_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from rotator.providers.http.spec import Tree
    from rotator.settings.document import Path as Where

_NOWHERE = Origin(scheme="https", host="localhost", port=443)
_SCALARS = (bool, int, float)


def located(where: Where, problem: str, remedy: str) -> ValidationError:
    """Make a refusal of something further inside than the field that is read."""
    return ValidationError.from_exception_data(
        "spec", [InitErrorDetails(type=_told(problem, remedy), loc=where, input=None)]
    )


def misfits(
    written: Collection[str], kind: str, *, needed: Iterable[str], others: Iterable[str]
) -> list[ValidationError]:
    """Refuse what a section of a kind lacks, and what it has for nothing.

    Args:
        written: Names of the fields that the section has.
        kind: Its kind, as it is written.
        needed: Names of those that it cannot do without.
        others: Names of those that mean nothing for this kind.
    """
    lacking = [
        located((), f"needs `{to_camel(name)}` for `{kind}`", f"add `{to_camel(name)}:`")
        for name in needed
        if name not in written
    ]
    idle = [
        located((to_camel(name),), f"means nothing for `{kind}`", "remove it")
        for name in others
        if name in written
    ]
    return lacking + idle


def all_of(refusals: list[ValidationError]) -> ValidationError:
    """Make one refusal of several."""
    details = [
        InitErrorDetails(
            type=_told(item["msg"], item["ctx"]["remedy"]), loc=item["loc"], input=None
        )
        for error in refusals
        for item in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data("spec", details)


def template(value: object) -> Template:
    """Read a text with holes."""
    if not isinstance(value, str):
        raise refusal("is not text", "put it in quotes")
    try:
        return parse(value)
    except TemplateError as error:
        raise refusal(error.problem, error.remedy) from None


def tree(value: object) -> Tree:
    """Read a JSON value in which every text may have holes."""
    refusals: list[ValidationError] = []
    result = _tree(value, (), refusals)
    if refusals:
        raise all_of(refusals)
    return result


def _told(problem: str, remedy: str) -> PydanticCustomError:
    return refusal(problem, remedy)


def _tree(value: object, where: Where, refusals: list[ValidationError]) -> Tree:
    match value:
        case str():
            return _leaf(value, where, refusals)
        case Mapping():
            return {str(name): _tree(value[name], (*where, str(name)), refusals) for name in value}
        case list() | tuple():
            return tuple(_tree(item, (*where, index), refusals) for index, item in enumerate(value))
        case float() if not math.isfinite(value):
            refusals.append(located(where, "is no number of JSON", "write fewer digits"))
            return None
        case bool() | int() | float():
            return value
        case _:
            return None


def _leaf(value: str, where: Where, refusals: list[ValidationError]) -> Tree:
    try:
        return parse(value)
    except TemplateError as error:
        refusals.append(located(where, error.problem, error.remedy))
        return None


def _scalar(value: object) -> Tree:
    if isinstance(value, _SCALARS):
        return tree(value)
    return template(value)


def _checked(check: Callable[[Template], tuple[str, str]]) -> Callable[[object], Template]:
    def read(value: object) -> Template:
        read_template = template(value)
        problem, remedy = check(read_template)
        if problem:
            raise refusal(problem, remedy)
        return read_template

    return read


def _path(value: object) -> Path:
    if not isinstance(value, str):
        raise refusal("is not text", "write JMESPath, such as `data.keys`")
    try:
        return compile_path(value)
    except PathError as error:
        raise refusal(error.problem, error.remedy) from None


def _regex(compiled: Callable[[str], re.Pattern[str]]) -> Callable[[object], re.Pattern[str]]:
    def read(value: object) -> re.Pattern[str]:
        if not isinstance(value, str):
            raise refusal("is not text", "put it in quotes")
        try:
            return compiled(value)
        except PatternError as error:
            raise refusal(error.problem, error.remedy) from None

    return read


def _headers(value: object) -> Mapping[str, Template]:
    if not isinstance(value, Mapping):
        raise refusal("is not a mapping", "write `name: value` lines below it")
    refusals: list[ValidationError] = []
    seen: set[str] = set()
    result = {}
    for name in map(str, value):
        try:
            result[name] = _header(name, value[name], seen)
        except PydanticCustomError as error:
            context = error.context or {}
            refusals.append(located((name,), context["problem"], context["remedy"]))
    if refusals:
        raise all_of(refusals)
    return result


def _header(name: str, value: object, seen: set[str]) -> Template:
    result = template(value)
    if name.lower() in seen:
        raise refusal("is there twice, for headers do not tell upper from lower case", "keep one")
    seen.add(name.lower())
    _check_header(name, "x")
    _check_header(name, stand_in(result), remedy="write it in one line of plain characters")
    return result


def _check_header(name: str, value: str, *, remedy: str = "leave it to rotator") -> None:
    """Ask the transport itself, so that both refuse the same."""
    try:
        headers_of(HttpRequest(operation="it", url="", headers={name: value}), _NOWHERE)
    except RejectedError as error:
        why = str(error).partition(": ")[2]
        raise refusal(f"cannot be sent: {why}", remedy) from None


def stand_in(text: Template) -> str:
    """Write a template with a letter for each hole, to look at the rest of it."""
    return "".join("x" if isinstance(part, Token) else part for part in text.parts)


def _printable(value: str) -> str:
    if not value.isprintable():
        raise refusal("has line breaks or control characters", "write it in one line")
    return value


def _host(value: str) -> str:
    problem = host_problem(value)
    if problem:
        raise refusal(problem, "write the exact name in lower case, such as `login.example.com`")
    return value


def _form(pattern: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refusal("does not have the right form", remedy)
        return value

    return AfterValidator(check)


_TEXT_SCHEMA: dict[str, Any] = {"type": "string"}
_SCALAR_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_HEADERS_SCHEMA: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}

Text = Annotated[Template, PlainValidator(template), WithJsonSchema(_TEXT_SCHEMA)]
"""A text with holes."""

BaseUrl = Annotated[Template, PlainValidator(_checked(url_problem)), WithJsonSchema(_TEXT_SCHEMA)]
"""Scheme and host, with a port and the beginning of a path."""

UrlPath = Annotated[Template, PlainValidator(_checked(path_problem)), WithJsonSchema(_TEXT_SCHEMA)]
"""What follows the base URL."""

Scalar = Annotated[Any, PlainValidator(_scalar), WithJsonSchema(_SCALAR_SCHEMA)]
"""A text with holes, a number or a truth."""

JsonTree = Annotated[Any, PlainValidator(tree), WithJsonSchema({})]
"""Any JSON value; every text in it may have holes."""

Headers = Annotated[Any, PlainValidator(_headers), WithJsonSchema(_HEADERS_SCHEMA)]
"""Names of headers with texts that may have holes."""

HeaderName = Annotated[
    str, _form(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", "write a header's name, such as `X-Reset`")
]
"""The name of a header that is read."""

JmesPath = Annotated[Any, PlainValidator(_path), WithJsonSchema(_TEXT_SCHEMA)]
"""Where an answer has something."""

Regex = Annotated[
    re.Pattern[str], PlainValidator(_regex(compile_capture)), WithJsonSchema(_TEXT_SCHEMA)
]
"""A regular expression with one group."""

PlainRegex = Annotated[
    re.Pattern[str], PlainValidator(_regex(compile_pattern)), WithJsonSchema(_TEXT_SCHEMA)
]
"""A regular expression for what operators write."""

Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_printable)]
"""One line for people."""

HostName = Annotated[str, AfterValidator(_host)]
"""The exact name of a host."""

Method = Annotated[str, _form(r"[A-Z]{1,16}", "write a verb in capital letters, such as `POST`")]
"""An HTTP verb; vendors' own ones, such as ``LIST``, too."""

Word = Annotated[
    str, _form(r"[A-Za-z][A-Za-z0-9_-]{0,63}", "write letters, digits, `_` and `-` only")
]
"""A name that templates can use."""

Count = Annotated[int, Field(strict=True)]
"""A whole number, not one in quotes."""

Truth = Annotated[bool, Field(strict=True)]
"""``true`` or ``false``, not in quotes."""
