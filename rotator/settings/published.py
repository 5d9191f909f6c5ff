"""What is published of the two files' models: JSON Schemas and the tables of the manual.

config/*.schema.json and docs/configuration.md are made of this and compared with
it by a test; ``pytest tests/settings/test_published.py --update-golden`` writes them.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from rotator.core.durations import format_duration
from rotator.settings.configuration import ConfigurationFile
from rotator.settings.faults import fields_of, submodel
from rotator.settings.http_spec_sections import SpecFile
from rotator.settings.policy import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

FILES: Final[dict[str, type[BaseModel]]] = {"rotator": ConfigurationFile, "policy": PolicyFile}
"""The models by the name of their file, without ``.yaml``."""

SCHEMAS: Final[dict[str, type[BaseModel]]] = {**FILES, "http-provider": SpecFile}
"""The models that have a JSON Schema; of specs there is a file for each API."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Schema(GenerateJsonSchema):
    """Writes default durations as the files do, not as ISO 8601."""

    def encode_default(self, dft: object) -> Any:  # noqa: ANN401 - any JSON
        """Encode one default."""
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return super().encode_default(dft)


def json_schema(model: type[BaseModel]) -> str:
    """Return a file's schema as the text that is committed."""
    schema = {"$schema": _DIALECT, **model.model_json_schema(schema_generator=_Schema)}
    return json.dumps(_trimmed(schema), indent=2, ensure_ascii=False) + "\n"


def field_table(model: type[BaseModel]) -> str:
    """Return the manual's table: one row for every field that can be written."""
    rows = ["| Field | Default | Meaning |", "|---|---|---|"]
    rows += [f"| `{path}` | {default} | {text} |" for path, default, text in _rows(model, "")]
    return "\n".join(rows) + "\n"


def section_tables(model: type[BaseModel]) -> str:
    """Return a table for each kind of section that a file is made of, the file's own first.

    For a language whose sections stand inside of each other and come again.
    """
    found: list[type[BaseModel]] = [model]
    for section in found:  # grows while it is walked
        inner = [child for info in fields_of(section).values() if (child := submodel(info))]
        found += [child for child in dict.fromkeys(inner) if child not in found]
    return "\n".join(_section_table(section) for section in found)


def _section_table(model: type[BaseModel]) -> str:
    summary = (model.__doc__ or "").partition("\n")[0]
    rows = [
        f"### {_title(model)}",
        "",
        summary,
        "",
        "| Field | Default | Meaning |",
        "|---|---|---|",
    ]
    for name, info in fields_of(model).items():
        child = submodel(info)
        default = _section_default(info)
        link = "" if child is None else f" See [{_title(child)}](#{_title(child)})."
        rows.append(f"| `{name}` | {default} | {info.description}{link} |")
    return "\n".join(rows) + "\n"


def _section_default(info: FieldInfo) -> str:
    if isinstance(info.default, BaseModel):
        return "see there"
    return "none" if info.default == "" else _default(info)


def _title(model: type[BaseModel]) -> str:
    """Name a section by its class: ``RateLimitSection`` is ``rate-limit``."""
    words = re.findall(r"[A-Z][a-z]*", model.__name__.removesuffix("Section"))
    return "-".join(words).lower()


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, info in fields_of(model).items():
        path, child = prefix + name, submodel(info)
        is_list = str(info.annotation).startswith("tuple")
        if child is None or is_list or info.is_required() or info.default is None:
            yield path, _default(info), info.description or ""
        if child is not None:
            yield from _rows(child, f"{path}[]." if is_list else f"{path}.")


def _default(info: FieldInfo) -> str:
    value = info.default
    if info.is_required():
        return "**required**"
    if value is None:
        return "none"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, StrEnum | str):
        return f"`{value}`"
    return f"`{json.dumps(value)}`"


def _trimmed(node: Any) -> Any:  # noqa: ANN401 - any JSON
    """Drop titles, which repeat names, and defaults that only repeat those inside."""
    if isinstance(node, list):
        return [_trimmed(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _trimmed(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and (value is None or ("$ref" in node)))
    }
