"""A spec of an HTTP API as it is written: ``kind: HttpProvider``.

The descriptions are the manual: docs/configuration.md is compared with them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from rotator.core.forms import AWS_IAM
from rotator.providers.http.spec import EvidenceKind, ParamKind, SecretForm
from rotator.settings.fields import Section, refusal
from rotator.settings.http_spec_auth import AuthSection, VerifySection
from rotator.settings.http_spec_fields import (
    BaseUrl,
    Count,
    Headers,
    Line,
    PlainRegex,
    Text,
    Word,
    located,
)
from rotator.settings.http_spec_keys import KeySection
from rotator.settings.http_spec_network import NetworkSection, PropagationSection, RateLimitSection
from rotator.settings.http_spec_operations import (
    CreateSection,
    ListSection,
    OperationSection,
    OwnSection,
    RevokeSection,
    UsageSection,
)

if TYPE_CHECKING:
    from typing import Self

_FORM = SecretForm()
_LONGEST_SECRET = 4096


class SecretBy(StrEnum):
    """Who chooses a new key's secret."""

    SERVER = "server"
    CLIENT = "client"


class AgeFrom(StrEnum):
    """What a key's age is counted from."""

    CREATED_AT = "createdAt"
    LEDGER = "ledger"


class EvidenceSection(Section):
    """What the spec was checked against; only the first two kinds make it verified."""

    kind: EvidenceKind = Field(
        default=EvidenceKind.UNVERIFIED,
        description="`live-server`, `vendor-fixture` or `unverified`.",
        examples=["live-server"],
    )
    source: str = Field(
        default="",
        max_length=500,
        description="The server's version, or the page of the vendor's with its version.",
        examples=["JupyterHub 6.1.1"],
    )
    note: str = Field(default="", max_length=1000, description="What else a reader should know.")

    @model_validator(mode="after")
    def _with_source(self) -> Self:
        if self.kind is not EvidenceKind.UNVERIFIED and not self.source:
            raise located((), "says no `source`", "add what it was checked against, with a version")
        return self


class ParamSection(Section):
    """Something that is no secret and differs from account to account."""

    type: ParamKind = Field(
        default=ParamKind.STRING,
        description="`string`, `integer`, `boolean`, `list` (of texts) or `json`.",
        examples=["string"],
    )
    description: Line = Field(description="What it is.", examples=["whose tokens they are"])
    pattern: PlainRegex | None = Field(
        default=None,
        description="What a text, or each text of a list, must match as a whole.",
        examples=["[a-z0-9-]+"],
    )
    default: Any = Field(
        default=None, description="Taken where an account gives none; without it one is required."
    )

    @model_validator(mode="after")
    def _of_its_type(self) -> Self:
        if self.pattern is not None and self.type not in {ParamKind.STRING, ParamKind.LIST}:
            raise located(("pattern",), f"means nothing for `{self.type}`", "remove it")
        if self.default is not None and not self._takes(self.default):
            why = f"is no {self.type}" + (" of the pattern" if self.pattern else "")
            raise located(("default",), why, "write one that an account could give")
        return self

    def _takes(self, value: object) -> bool:
        if self.type is ParamKind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        if self.type is ParamKind.BOOLEAN:
            return isinstance(value, bool)
        if self.type is ParamKind.JSON:
            return True
        texts = (value,) if self.type is ParamKind.STRING else value
        return isinstance(texts, tuple) and all(map(self._takes_text, texts))

    def _takes_text(self, value: object) -> bool:
        return isinstance(value, str) and (
            self.pattern is None or self.pattern.fullmatch(value) is not None
        )


class CredentialSection(Section):
    """One of our own credentials; accounts say where it is kept."""

    description: Line = Field(
        description="What it must be allowed to do.", examples=["a token that may make tokens"]
    )


class NamesSection(Section):
    """What names of keys look like."""

    longest: Count = Field(
        default=255,
        ge=46,
        le=4096,
        description="Most characters; ours end in 45 of their own.",
        examples=[100],
    )


class SecretFormSection(Section):
    """What a key looks like, for the doctor and for keys that we choose ourselves."""

    prefix: str = Field(default="", max_length=64, description="How it begins.", examples=["sk_"])
    length: Count | None = Field(
        default=None,
        ge=8,
        le=_LONGEST_SECRET,
        description="Characters in all, where they are always as many.",
        examples=[40],
    )
    min_length: Count = Field(
        default=_FORM.min_length, ge=1, le=_LONGEST_SECRET, description="Fewest characters in all."
    )
    alphabet: str = Field(
        default=_FORM.alphabet,
        min_length=2,
        max_length=94,
        pattern=r"^[!-~]+$",
        description="Characters that follow the prefix.",
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not (self.prefix.isascii() and self.prefix.isprintable()) or " " in self.prefix:
            raise located(("prefix",), "has characters that no key has", "write plain characters")
        if len(set(self.alphabet)) != len(self.alphabet):
            raise located(("alphabet",), "has a character twice", "write each one once")
        if self.length is not None and not len(self.prefix) < self.length >= self.min_length:
            why = "is not more than the prefix, or less than `minLength`"
            raise located(("length",), why, "write how long a key is with its prefix")
        return self


def _no_roll(value: object) -> object:
    del value
    raise refusal(
        "is not done: an API that ends the old secret at once makes an outage, and one that lets "
        "it live for a while is served at least as well by a second key",
        "remove it; `create` and `revoke` replace a key (docs/decisions/0016)",
    )


class OperationsSection(Section):
    """The calls."""

    preflight: OperationSection | None = Field(
        default=None, description="A reading that shows that our own credential may do all this."
    )
    own: OwnSection | None = Field(
        default=None, description="A reading that tells by which key we are admitted ourselves."
    )
    list: ListSection = Field(
        description="Lists all keys.", examples=[{"request": {"path": "/keys"}, "items": "data"}]
    )
    create: CreateSection = Field(
        description="Makes a key.",
        examples=[{"request": {"method": "POST", "path": "/keys"}, "key": {"secret": "token"}}],
    )
    verify: VerifySection = Field(
        description="The key shows by itself that it works.",
        examples=[{"auth": {"type": "header"}, "request": {"path": "/user"}}],
    )
    disable: OperationSection | None = Field(
        default=None, description="Switches a key off, reversibly; together with `enable`."
    )
    enable: OperationSection | None = Field(default=None, description="Switches it on again.")
    revoke: RevokeSection = Field(
        description="Ends a key.",
        examples=[{"steps": [{"request": {"method": "DELETE", "path": "/keys/${key.id}"}}]}],
    )
    usage: UsageSection | None = Field(default=None, description="Tells how much a key is used.")
    roll: Annotated[Any, BeforeValidator(_no_roll), WithJsonSchema({"not": {}})] = Field(
        default=None, description="Not supported: a key is replaced by a second one."
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        for name, other in (("disable", "enable"), ("enable", "disable")):
            if getattr(self, name) is not None and getattr(self, other) is None:
                why = f"stands without `{other}`: what cannot be taken back is no pause"
                raise located((name,), why, f"add `{other}:`, or remove it")
        return self


def _room_for_two(value: int) -> int:
    if value == 1:
        why = "leaves no room for a successor: the old key would have to end before"
        raise refusal(why, "such keys cannot be rotated without an outage; leave the API to people")
    return value


def _own_name(value: str) -> str:
    if value == AWS_IAM or value.startswith("cipherstash"):
        raise refusal("is the name of a provider that is built in", "choose another one")
    return value


class SpecFile(Section):
    """One kind of key of one API."""

    api_version: Literal["rotator/v1"] = Field(
        description="Version of this format.", examples=["rotator/v1"]
    )
    kind: Literal["HttpProvider"] = Field(
        description="What this file is.", examples=["HttpProvider"]
    )
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$"), AfterValidator(_own_name)] = (
        Field(
            description="The provider's name, as policies and journals have it.",
            examples=["example-token"],
        )
    )
    title: Line = Field(description="What people call it.", examples=["Example API token"])
    evidence: EvidenceSection = Field(
        default=EvidenceSection(), description="What the spec was checked against."
    )
    base_url: BaseUrl | None = Field(
        default=None,
        description="Where the API is; may hold `${params.*}`. Left out where each account gives "
        "its own.",
        examples=["https://api.example.com/v1"],
    )
    params: dict[Word, ParamSection] = Field(
        default={},
        description="What differs from account to account and is no secret, by its name.",
        examples=[{"user": {"description": "whose tokens they are"}}],
    )
    credentials: dict[Word, CredentialSection] = Field(
        default={},
        description="Our own credentials, by their names; an account says where each is kept.",
        examples=[{"admin": {"description": "a token that may make tokens"}}],
    )
    headers: Headers = Field(
        default={},
        description="Headers of every call.",
        examples=[{"Accept": "application/json"}],
    )
    network: NetworkSection = Field(
        default=NetworkSection(), description="Where calls may go, and what they may cost."
    )
    rate_limit: RateLimitSection = Field(
        default=RateLimitSection(), description="How fast the API may be asked."
    )
    propagation: PropagationSection = Field(
        default=PropagationSection(), description="How long the API takes to agree with itself."
    )
    names: NamesSection = Field(default=NamesSection(), description="What names look like.")
    principal: Text | None = Field(
        default=None,
        description="Whose keys an account's are, where they have no names that we could choose. "
        "Otherwise left out: keys of one name, and what we made of them, belong together.",
        examples=["${params.user}"],
    )
    max_active_keys: Annotated[Count, Field(ge=1), AfterValidator(_room_for_two)] | None = Field(
        default=None,
        description="Keys that a principal may have; left out where no limit is known.",
        examples=[2],
    )
    secret_by: SecretBy = Field(
        default=SecretBy.SERVER,
        description="Who chooses a new key's secret: `server`, or `client` (`${new.secret}`).",
        examples=["server"],
    )
    age_from: AgeFrom = Field(
        default=AgeFrom.CREATED_AT,
        description="`createdAt`, or `ledger` where the API does not tell: then a key's age is "
        "counted from the first listing that shows it.",
        examples=["ledger"],
    )
    secret_form: SecretFormSection = Field(
        default=SecretFormSection(), description="What a key looks like."
    )
    access_denied: Annotated[str, Field(max_length=500)] = Field(
        default="",
        description="What an operator is told, word for word, where our own credential may not "
        "do it.",
    )
    auth: AuthSection = Field(
        description="How our own calls show who calls.",
        examples=[{"type": "header", "headers": {"Authorization": "Bearer ${creds.admin}"}}],
    )
    key: KeySection = Field(
        description="What a listed item says of its key.", examples=[{"id": "id", "name": "name"}]
    )
    operations: OperationsSection = Field(
        description="The calls.",
        examples=[{"list": {"request": {"path": "/keys"}, "items": "data"}}],
    )
