"""What is published of the two files' models: JSON Schemas and the tables of the manual.

config/*.schema.json and docs/configuration.md are made of this and compared with
it by a test; ``pytest tests/settings/test_published.py --update-golden`` writes them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from rotator.core.durations import format_duration
from rotator.settings.configuration import ConfigurationFile
from rotator.settings.faults import fields_of, submodel
from rotator.settings.policy import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

FILES: Final[dict[str, type[BaseModel]]] = {"rotator": ConfigurationFile, "policy": PolicyFile}
"""The models by the name of their file, without ``.yaml``."""

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
