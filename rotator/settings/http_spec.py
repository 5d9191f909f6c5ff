"""Specs of HTTP APIs: from a YAML file to a `Spec`, or to every fault of it at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from rotator.errors import ConfigError, Fault
from rotator.settings.document import read_document, spell
from rotator.settings.faults import model_faults
from rotator.settings.http_spec_building import to_spec
from rotator.settings.http_spec_rules import rule_faults
from rotator.settings.http_spec_sections import SpecFile

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from rotator.providers.http.spec import Spec
    from rotator.settings.document import Document, Path

LONGEST: Final = 256 << 10
"""Most characters of a spec."""

_PLACEHOLDER: Final = "FILL IN"
_SURROGATE = re.compile("[\ud800-\udfff]")


def load_spec(path: pathlib.Path) -> Spec:
    """Read a spec's file.

    Raises:
        ConfigError: With every fault.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise _unreadable(
            path, f"cannot be read: {error.strerror}", "name a file that can"
        ) from None
    except UnicodeDecodeError:
        raise _unreadable(path, "is not UTF-8 text", "save it as UTF-8") from None
    spec, faults = read_spec(str(path), text)
    if spec is None:
        raise ConfigError(faults)
    return spec


def read_spec(file: str, text: str) -> tuple[Spec | None, tuple[Fault, ...]]:
    """Read a spec's text.

    Args:
        file: Its path, for faults and for whatever goes wrong later.
        text: The YAML.

    Returns:
        The spec, or None and what is wrong with it, in the order of its lines.
    """
    if len(text) > LONGEST:
        fault = Fault(file=file, line=0, field="", problem="the file is too long", remedy="cut it")
        return None, (fault,)
    document = read_document(file, text)
    spec, faults = _read(document)
    return spec, tuple(sorted(faults, key=lambda fault: fault.line))


def _read(document: Document) -> tuple[Spec | None, tuple[Fault, ...]]:
    if not document.lines:
        return None, document.faults or (document.fault((), "the file is empty", "write a spec"),)
    places = tuple(_texts(document.values, ()))
    garbled = [where for where, text in places if _SURROGATE.search(text)]
    if garbled:
        return None, tuple(_garbled(document, where) for where in garbled)
    blanks = [(where, text) for where, text in places if _PLACEHOLDER in text]
    model, refused = _model(document)
    told = (*document.faults, *_nothings(document), *_unfilled(document, blanks))
    faults = (*told, *_others(refused, blanks))
    if model is not None and not faults:
        faults = rule_faults(document, model)
    return (to_spec(document, model), ()) if model is not None and not faults else (None, faults)


def _garbled(document: Document, where: Path) -> Fault:
    """Point at a line alone: the field's name may be what cannot be written."""
    return Fault(
        file=document.file,
        line=document.line(where),
        field="",
        problem="holds characters that are no text",
        remedy="remove the `\\u` that stands for half of one",
    )


def _model(document: Document) -> tuple[SpecFile | None, tuple[Fault, ...]]:
    try:
        return SpecFile.model_validate(document.values), ()
    except ValidationError as error:
        return None, model_faults(document, SpecFile, error)


def _texts(value: object, where: Path) -> Iterator[tuple[Path, str]]:
    """Find every text, and every name that is one."""
    match value:
        case str():
            yield where, value
        case Mapping():
            for name, item in value.items():
                yield (*where, name), name
                yield from _texts(item, (*where, name))
        case tuple():
            for index, item in enumerate(value):
                yield from _texts(item, (*where, index))
        case _:
            pass


def _nothings(document: Document) -> Iterator[Fault]:
    """Find fields of a body that the reader left out, for null is no value to it."""
    for where in document.lines:
        if ("request", "json") in pairwise(where[:-1]) and not _is_there(document.values, where):
            yield document.fault(where, "is null, and would not be sent", "remove it")


def _is_there(value: Any, where: Path) -> bool:  # noqa: ANN401 - any YAML
    for part in where:
        if isinstance(part, str) and part not in value:
            return False
        value = value[part]
    return True


def _unfilled(document: Document, blanks: list[tuple[Path, str]]) -> Iterator[Fault]:
    for where, text in blanks:
        wanted = text.partition(_PLACEHOLDER)[2].strip(" :.\n") or "what the API's pages say"
        yield document.fault(where, "is not filled in", f"write here: {wanted}")


def _others(faults: tuple[Fault, ...], blanks: list[tuple[Path, str]]) -> Iterator[Fault]:
    """Drop what only repeats that a field is not filled in."""
    unfilled = tuple(spell(where) for where, _ in blanks)
    for fault in faults:
        if not any(_is_within(fault.field, field) for field in unfilled):
            yield fault


def _is_within(field: str, outer: str) -> bool:
    return field == outer or field.startswith((f"{outer}.", f"{outer}["))


def _unreadable(path: pathlib.Path, problem: str, remedy: str) -> ConfigError:
    fault = Fault(file=str(path), line=0, field="", problem=f"the file {problem}", remedy=remedy)
    return ConfigError((fault,))
