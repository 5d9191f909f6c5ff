"""The calls of a spec: what is sent, what it must bring, and how a list goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field, ValidationError, WrapValidator, model_validator

from rotator.providers.http.spec import PageKind
from rotator.settings.fields import Section
from rotator.settings.http_spec_fields import (
    BaseUrl,
    Count,
    Headers,
    JmesPath,
    JsonTree,
    Method,
    Scalar,
    Text,
    Truth,
    UrlPath,
    all_of,
    located,
    misfits,
)
from rotator.settings.http_spec_keys import CreatedKeySection, Pick

if TYPE_CHECKING:
    from typing import Self

    from pydantic import GetJsonSchemaHandler, ValidatorFunctionWrapHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

Query: TypeAlias = dict[Annotated[str, Field(min_length=1)], Scalar]
"""Names with plain values."""

_NEVER_SENT = frozenset({"CONNECT", "OPTIONS", "TRACE"})
_LOWEST_STATUS, _HIGHEST_STATUS = 200, 599
_REDIRECTS = range(300, 400)


class ConditionSection(Section):
    """One thing that an answer must say; exactly one of the last four is written."""

    path: JmesPath = Field(
        description="What is looked at, in JMESPath; never with `${...}`.", examples=["success"]
    )
    equals: JsonTree = Field(
        default=None, description="The value it must have; texts may have holes."
    )
    one_of: tuple[JsonTree, ...] = Field(
        default=(), description="Values of which it must have one.", examples=[["api", "robot"]]
    )
    starts_with: Text | None = Field(default=None, description="What its text must begin with.")
    exists: Truth | None = Field(
        default=None, description="Whether there must be something other than null."
    )

    @model_validator(mode="after")
    def _one_demand(self) -> Self:
        names = ("equals", "one_of", "starts_with", "exists")
        if len(self.model_fields_set.intersection(names)) != 1:
            raise located(
                (),
                "does not have exactly one of `equals`, `oneOf`, `startsWith`, `exists`",
                "write one of them; for null write `exists: false`",
            )
        return self


def _one_or_many(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Take one condition for a list of one, so that faults point into it."""
    if isinstance(value, Mapping):
        return (ConditionSection.model_validate(value),)
    return handler(value)


class _OneOrMany:
    """Says in the JSON Schema that one of them may stand alone."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


Conditions = Annotated[tuple[ConditionSection, ...], WrapValidator(_one_or_many), _OneOrMany()]
"""One condition or a list of them."""


class ExpectSection(Section):
    """Which answers mean success."""

    status: tuple[Count, ...] = Field(
        default=(200,), min_length=1, description="Statuses that mean success.", examples=[[200]]
    )
    asserts: Conditions = Field(
        default=(),
        alias="assert",
        description="One condition, or a list of which all must hold.",
        examples=[{"path": "success", "equals": True}],
    )

    @model_validator(mode="after")
    def _statuses(self) -> Self:
        refusals: list[ValidationError] = []
        for index, status in enumerate(self.status):
            where = ("status", index)
            if not _LOWEST_STATUS <= status <= _HIGHEST_STATUS:
                refusals.append(located(where, "is no status of an answer", "write 200 to 599"))
            elif status in _REDIRECTS:
                why = "is a redirect, and those are never followed"
                refusals.append(located(where, why, "name the place it leads to in the request"))
            elif status in self.status[:index]:
                refusals.append(located(where, "is there twice", "keep one of the two"))
        if refusals:
            raise all_of(refusals)
        return self


class RequestSection(Section):
    """What is sent."""

    method: Method = Field(default="GET", description="Any verb.", examples=["POST"])
    path: UrlPath = Field(
        description="Follows the base URL; whatever a hole brings is percent-encoded whole.",
        examples=["/users/${params.user}/tokens"],
    )
    base_url: BaseUrl | None = Field(
        default=None,
        description="Instead of the spec's; its host must be in `network.allowHosts`.",
        examples=["https://login.example.com"],
    )
    query: Query = Field(
        default={}, description="What follows the `?`.", examples=[{"per_page": 100}]
    )
    headers: Headers = Field(
        default={}, description="Headers of this call alone.", examples=[{"X-Version": "2"}]
    )
    json_body: JsonTree = Field(
        default=None, alias="json", description="Body in JSON.", examples=[{"name": "${new.name}"}]
    )
    form: Query | None = Field(
        default=None, description="Body as a form.", examples=[{"FriendlyName": "${new.name}"}]
    )
    holds_secret: Truth = Field(
        default=False,
        description="The key itself stands in this request, which ends it; for `revoke` only.",
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.method in _NEVER_SENT:
            raise located(("method",), "is no verb of an API", "write GET, POST, PUT or DELETE")
        if self.form is not None and self.json_body is not None:
            raise located(("form",), "is a second body", "keep either `json` or `form`")
        return self


class OperationSection(Section):
    """One call."""

    request: RequestSection = Field(description="What is sent.", examples=[{"path": "/user"}])
    expect: ExpectSection = Field(
        default=ExpectSection(), description="Which answers mean success."
    )


class PaginateSection(Section):
    """How a list goes on after a page."""

    type: PageKind = Field(
        description="`none`, `link_header` (RFC 8288, rel=next), `next_url` (in the body), "
        "`page`, `offset` or `cursor`.",
        examples=["link_header"],
    )
    param: str = Field(
        default="",
        description="Query parameter of the page's number, the offset or the cursor.",
        examples=["page"],
    )
    start: Count | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Number of the first page (built in: 1), or first offset (0).",
    )
    size_param: str = Field(
        default="", description="Query parameter of the page's size.", examples=["per_page"]
    )
    size: Count = Field(
        default=0,
        ge=0,
        le=10_000,
        description="How many a full page has; 0 where that is not known.",
        examples=[100],
    )
    next: JmesPath | None = Field(
        default=None, description="Where a page has the next URL or cursor.", examples=["next"]
    )
    more: JmesPath | None = Field(
        default=None,
        description="Where a page says whether there is another.",
        examples=["has_more"],
    )
    total: JmesPath | None = Field(
        default=None, description="Where a page says how many there are in all.", examples=["total"]
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        needed, allowed = _PAGES[self.type]
        others = [name for name in _PAGE_FIELDS if name not in (*needed, *allowed)]
        refusals = misfits(self.model_fields_set, self.type, needed=needed, others=others)
        if self.size_param and not self.size:
            refusals.append(located(("sizeParam",), "has no size", "add `size:`, such as 100"))
        if refusals:
            raise all_of(refusals)
        return self


_SIZES = ("size_param", "size")
_PAGE_FIELDS = ("param", "start", *_SIZES, "next")
_PAGES: dict[PageKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    PageKind.NONE: ((), ()),
    PageKind.LINK_HEADER: ((), _SIZES),
    PageKind.NEXT_URL: (("next",), _SIZES),
    PageKind.PAGE: (("param",), ("start", *_SIZES)),
    PageKind.OFFSET: (("param",), ("start", *_SIZES)),
    PageKind.CURSOR: (("param", "next"), _SIZES),
}


class DetailSection(OperationSection):
    """A further call for each listed item, whose answer takes the item's place."""

    id: Pick = Field(
        description="Where the item has what the call names as `${item.id}`.", examples=["@"]
    )
    item: JmesPath | None = Field(
        default=None, description="Where the answer has the item; the whole answer if left out."
    )


class ListSection(OperationSection):
    """The call that lists all keys."""

    items: JmesPath = Field(description="Where a page has its items.", examples=["data"])
    paginate: PaginateSection = Field(
        default=PaginateSection(type=PageKind.NONE),
        description="How a list goes on after a page; `none` if left out.",
        examples=[{"type": "link_header"}],
    )
    detail: DetailSection | None = Field(
        default=None, description="A further call for each listed item."
    )
    where: tuple[ConditionSection, ...] = Field(
        default=(), description="What an item must say to be a key that is looked after."
    )


class CreateSection(OperationSection):
    """The call that makes a key."""

    key: CreatedKeySection = Field(
        default=CreatedKeySection(),
        description="What its answer says of the key, over the spec's `key`; with `secret`.",
        examples=[{"secret": "token"}],
    )
    quota: ExpectSection | None = Field(
        default=None,
        description="Answers that mean that no further key may be made.",
        examples=[{"status": [403]}],
    )


class OwnSection(OperationSection):
    """The call that tells by which key we are admitted ourselves."""

    id: Pick = Field(description="Where its answer has the key's id.", examples=["token_id"])


class RevokeSection(Section):
    """The calls that end a key, in their order."""

    steps: tuple[OperationSection, ...] = Field(
        min_length=1,
        max_length=5,
        description="Each call; a status that means that the key is gone already is expected, too.",
        examples=[[{"request": {"method": "DELETE", "path": "/keys/${key.id}"}}]],
    )


class UsageSection(OperationSection):
    """The call that tells how much a key is used."""

    count: Pick | None = Field(default=None, description="How often.", examples=["requests"])
    last_address: Pick | None = Field(
        default=None, description="From which address the last time.", examples=["last_ip"]
    )
    last_user_agent: Pick | None = Field(
        default=None, description="With which client the last time.", examples=["last_agent"]
    )

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if self.count is None and self.last_address is None and self.last_user_agent is None:
            raise located((), "tells nothing", "add `count`, `lastAddress` or `lastUserAgent`")
        return self
