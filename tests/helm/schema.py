"""values.schema.json and the table of values, made of values.yaml and the daemon's own schemas.

A value's type is that of its default. Its comment says the rest: what begins with
``--`` is its description, and ``@schema`` is followed by JSON Schema that is added.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_NOT_FOR_DRAFT_7 = {"default", "examples", "title", "$schema"}

_TYPES = {
    "tag:yaml.org,2002:bool": "boolean",
    "tag:yaml.org,2002:int": "integer",
    "tag:yaml.org,2002:str": "string",
}

_NAME: Schema = {"type": "string", "minLength": 1}
_NAMES: Schema = {"type": "array", "items": _NAME, "minItems": 1, "uniqueItems": True}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


_OWN: Schema = {
    "named": _object(("name",), name=_NAME),
    "renderMode": {"enum": ["skipIfMissing", "failIfMissing", "alwaysRender"]},
    "secrets": _object(
        ("namespace", "names"), namespace=_NAME, names=_NAMES, create={"type": "boolean"}
    ),
    "objects": _object(("namespace", "names"), namespace=_NAME, names=_NAMES),
    "workloads": _object(
        ("namespace", "kind", "names"),
        namespace=_NAME,
        kind={"enum": ["Deployment", "StatefulSet", "DaemonSet"]},
        names=_NAMES,
        restart={"type": "boolean"},
    ),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml.

    Attributes:
        path: Its keys from the top.
        about: The prose of its comment, in one line.
        extra: What its comment adds to the schema.
        node: Its default, as YAML.
    """

    path: tuple[str, ...]
    about: str
    extra: Schema
    node: yaml.Node


def generated() -> str:
    """Return the whole text of helm/values.schema.json."""
    text = _source()
    schema = {
        "$schema": _DRAFT,
        "title": "Values of the chart rotator",
        **_of_mapping(_root(text), text.splitlines(), ()),
        "definitions": {
            **_OWN,
            **_adopted("rotator", "config"),
            **_adopted("policy", "policy"),
        },
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def table() -> str:
    """Return the table of all values for docs/deploy/chart.md."""
    text = _source()
    rows = [_row(value) for value in _all_values(_root(text), text.splitlines(), ())]
    return "\n".join(["| Value | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def value_names() -> set[str]:
    """Name every value and every mapping around one, such as ``journal.type``."""
    text = _source()
    ways = [value.path for value in _all_values(_root(text), text.splitlines(), ())]
    return {".".join(way[: end + 1]) for way in ways for end in range(len(way))}


def _source() -> str:
    return (ROOT / "helm" / "values.yaml").read_text(encoding="utf-8")


def _root(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    return root


def _values(
    mapping: yaml.MappingNode, lines: list[str], parent: tuple[str, ...]
) -> Iterator[Value]:
    for key, node in mapping.value:
        comment = _comment_above(lines, key.start_mark.line)
        about, extra = _read(comment)
        yield Value((*parent, key.value), about, extra, node)


def _comment_above(lines: list[str], line: int) -> list[str]:
    """Return the comment right above a line, without its signs."""
    found: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        found.append(lines[line].strip().removeprefix("#").strip())
    return found[::-1]


def _read(comment: list[str]) -> tuple[str, Schema]:
    """Take a comment apart into its prose and its schema."""
    extra: Schema = {}
    prose: list[str] = []
    for line in comment:
        if line.startswith("@schema "):
            extra |= json.loads(line.removeprefix("@schema "))
        elif prose or line.startswith("-- "):
            prose.append(line.removeprefix("-- "))
    return " ".join(prose), extra


def _of_mapping(mapping: yaml.MappingNode, lines: list[str], parent: tuple[str, ...]) -> Schema:
    properties = {
        value.path[-1]: _of_value(value, lines) for value in _values(mapping, lines, parent)
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _of_value(value: Value, lines: list[str]) -> Schema:
    if "$ref" in value.extra:
        # What stands beside a reference is not read in draft 7.
        return {"$ref": value.extra["$ref"]}
    about = {"description": value.about} if value.about else {}
    return {**about, **_of_node(value, lines), **value.extra}


def _of_node(value: Value, lines: list[str]) -> Schema:
    if isinstance(value.node, yaml.SequenceNode):
        return {"type": "array"}
    if not isinstance(value.node, yaml.MappingNode):
        return {} if "type" in value.extra else {"type": _TYPES[value.node.tag]}
    if value.node.value and "additionalProperties" not in value.extra:
        return _of_mapping(value.node, lines, value.path)
    return {"type": "object"}


def _adopted(name: str, prefix: str) -> Schema:
    """Read one of the daemon's own schemas as definitions of draft 7."""
    text = (ROOT / "config" / f"{name}.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text.replace('"#/$defs/', f'"#/definitions/{prefix}-'))
    parts = schema.pop("$defs")
    # What the chart supplies, or what it asks for in words of its own.
    schema.pop("required")
    if prefix == "config":
        parts["AwsSection"].pop("required")
    else:
        schema["type"] = ["object", "string", "null"]
    found = {prefix: schema, **{f"{prefix}-{part}": parts[part] for part in sorted(parts)}}
    return {key: _in_draft_7(part) for key, part in found.items()}


def _in_draft_7(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [_in_draft_7(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    kept = {key: part for key, part in schema.items() if key not in _NOT_FOR_DRAFT_7}
    if isinstance(kept.get("properties"), dict):
        kept["properties"] = {key: _in_draft_7(part) for key, part in kept["properties"].items()}
    if _looks_ahead(kept.get("pattern")):
        del kept["pattern"]
    others = {key: _in_draft_7(part) for key, part in kept.items() if key != "properties"}
    return {**kept, **others}


def _looks_ahead(pattern: object) -> bool:
    """Whether Helm's regular expressions cannot say this one, which the daemon asks for anyway."""
    return isinstance(pattern, str) and re.search(r"\(\?[!=<]", pattern) is not None


def _all_values(
    mapping: yaml.MappingNode, lines: list[str], parent: tuple[str, ...]
) -> Iterator[Value]:
    """Go through all values, but not into those of a form that is another's."""
    for value in _values(mapping, lines, parent):
        is_ours = not {"$ref", "additionalProperties"} & value.extra.keys()
        if isinstance(value.node, yaml.MappingNode) and value.node.value and is_ours:
            if value.about:
                yield value
            yield from _all_values(value.node, lines, value.path)
        else:
            yield value


def _row(value: Value) -> str:
    default = "" if _has_parts(value) else f"`{_default(value.node)}`"
    return f"| `{'.'.join(value.path)}` | {default} | {value.about} |"


def _has_parts(value: Value) -> bool:
    return isinstance(value.node, yaml.MappingNode) and bool(value.node.value)


def _default(node: yaml.Node) -> str:
    built = yaml.SafeLoader("")
    try:
        return json.dumps(built.construct_object(node, deep=True))
    finally:
        built.dispose()
