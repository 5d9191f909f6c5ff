"""What a spec says of keys: where an answer has each of their properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic.alias_generators import to_camel

from rotator.providers.http.selectors import Decoding, TimeForm
from rotator.providers.http.spec import KEY_FIELDS
from rotator.settings.fields import Section, refusal
from rotator.settings.http_spec_fields import JmesPath, Regex, Word, all_of, located

if TYPE_CHECKING:
    from typing import Self

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class SelectorSection(Section):
    """Where an answer has something, and how it is read, in this order."""

    path: JmesPath | None = Field(
        default=None, description="Where it is, in JMESPath.", examples=["created_at"]
    )
    never: tuple[str | int, ...] = Field(
        default=(),
        min_length=1,
        description="Values that mean that it never was, or never will be.",
        examples=[["0001-01-01T00:00:00Z"]],
    )
    decode: Decoding | None = Field(
        default=None, description="How it is wrapped up: `base64`.", examples=["base64"]
    )
    regex: Regex | None = Field(
        default=None,
        description="Regular expression with one group, which is taken.",
        examples=["/([^/]+)$"],
    )
    values: dict[str, str] = Field(
        default={},
        min_length=1,
        description="Our words for the API's; a word that is not there stays.",
        examples=[{"enabled": "active"}],
    )
    time: TimeForm | None = Field(
        default=None,
        description="How the time is written: `rfc3339`, `date`, `epoch`, `epoch_ms`, `rfc2822`.",
        examples=["rfc3339"],
    )
    const: str | None = Field(
        default=None, description="The same for every key, instead of all the others."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) is (self.const is None):
            raise located((), "has neither `path` nor `const`, or both", "write one of them")
        if self.const is not None and len(self.model_fields_set) > 1:
            raise located(("const",), "stands beside what it replaces", "let it stand alone")
        return self


def _path_alone(value: object) -> object:
    if isinstance(value, str):
        return {"path": value}
    if not isinstance(value, Mapping | SelectorSection):
        raise refusal("is neither a path nor a mapping", "write JMESPath, such as `data.id`")
    return value


class _TextOr:
    """Says in the JSON Schema that a text stands for a mapping with nothing but a path."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(core)]}


Pick = Annotated[SelectorSection, BeforeValidator(_path_alone), _TextOr()]
"""A selector, or its path alone."""


class KeyFields(Section):
    """What both lists and answers to a creation say of a key."""

    name: Pick | None = Field(
        default=None,
        description="The name that we give it. Left out where keys have none: see `principal`.",
        examples=["note"],
    )
    description: Pick | None = Field(
        default=None, description="What people wrote about it.", examples=["description"]
    )
    scopes: Pick | None = Field(
        default=None, description="What it may do; a successor gets the same.", examples=["scopes"]
    )
    created_at: Pick | None = Field(
        default=None,
        description="When it was made; with `time`.",
        examples=[{"path": "created_at", "time": "rfc3339"}],
    )
    last_used_at: Pick | None = Field(
        default=None,
        description="When it was last used; with `time`. Null means never. Left out where the "
        "API does not tell.",
        examples=[{"path": "last_used_at", "time": "rfc3339"}],
    )
    expires_at: Pick | None = Field(
        default=None,
        description="When it ends by itself; with `time`. Null means never.",
        examples=[{"path": "expires_at", "time": "rfc3339"}],
    )
    status: Pick | None = Field(
        default=None,
        description="One of `active`, `inactive`, `expired`, `revoked`, `pending`, `unknown`, "
        "if need be by `values`; `active` if left out.",
        examples=[{"path": "state", "values": {"enabled": "active"}}],
    )
    extra: dict[Word, Pick] = Field(
        default={},
        description="Further properties. They are copied as `${old.NAME}`, and a successor's must "
        "be the same.",
        examples=[{"accessLevel": "access_level"}],
    )

    def selectors(self) -> dict[str, SelectorSection]:
        """Return each property that is told, by the name that templates use."""
        named = {to_camel(name): getattr(self, name) for name in type(self).model_fields}
        return {
            name: section for name, section in named.items() if isinstance(section, SelectorSection)
        } | self.extra

    @model_validator(mode="after")
    def _readable(self) -> Self:
        refusals = [
            located(*found)
            for name, section in self.selectors().items()
            if name not in self.extra and (found := _misread(name, section))
        ]
        refusals += [
            located(
                ("extra", name), "is a property with a place of its own", "write it beside `id`"
            )
            for name in self.extra
            if name in KEY_FIELDS
        ]
        if refusals:
            raise all_of(refusals)
        return self


class KeySection(KeyFields):
    """What a listed item says of its key."""

    id: Pick = Field(
        description="The public id, by which the key is found again and ended.", examples=["id"]
    )
    secret: Pick | None = Field(
        default=None,
        description="The key itself, where lists show it; for a `revoke` with `holdsSecret`.",
        examples=["token"],
    )


class CreatedKeySection(KeyFields):
    """What the answer to a creation says, where it differs from a listed item."""

    id: Pick | None = Field(default=None, description="The public id.", examples=["data.id"])
    secret: Pick | None = Field(
        default=None, description="The key itself, shown this once.", examples=["token"]
    )


_TIMES = frozenset({"createdAt", "lastUsedAt", "expiresAt"})
_CONSTANTS = frozenset({"description", "scopes", "status"})
_STATUSES = ("active", "inactive", "expired", "revoked", "pending", "unknown")


def _misread(name: str, section: SelectorSection) -> tuple[tuple[str, ...], str, str] | None:
    if section.const is not None and name not in _CONSTANTS:
        return (name, "const"), "cannot be the same for every key", "say where an answer has it"
    if name in _TIMES and section.time is None:
        return (name,), "is a time whose form is not told", "write `{path: ..., time: rfc3339}`"
    if name not in _TIMES and (section.time is not None or section.never):
        field = "time" if section.time is not None else "never"
        return (name, field), "belongs to times only", "remove it"
    if name == "status":
        return _mistranslated(section)
    return None


def _mistranslated(section: SelectorSection) -> tuple[tuple[str, ...], str, str] | None:
    for raw, ours in section.values.items():
        if ours not in _STATUSES:
            where = ("status", "values", raw)
            return where, f"is not one of: {', '.join(_STATUSES)}", "write one of them"
    if section.const is not None and section.const not in _STATUSES:
        return ("status", "const"), f"is not one of: {', '.join(_STATUSES)}", "write one of them"
    return None
