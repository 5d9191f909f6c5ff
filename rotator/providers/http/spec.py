"""A spec that was read and checked: what an API is asked, and what its answers mean.

`settings` makes these objects of a YAML file and refuses whatever cannot be meant;
here nothing is wrong any more but what only the API itself can tell. Each part knows
its place in the file, so that whatever goes wrong later can point at its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from rotator.clients.http_limits import RateLimit
from rotator.providers.http.limits import NetworkLimits, Propagation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.providers.http.selectors import Path, Selector
    from rotator.providers.http.templates import Template

Tree: TypeAlias = "Template | Mapping[str, Tree] | tuple[Tree, ...] | int | float | bool | None"
"""A JSON value in which every text is a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a spec; written ``file:line: field``."""

    file: str
    line: int
    field: str

    def __str__(self) -> str:
        """Point at it, as compilers do."""
        return f"{self.file}:{self.line}: {self.field}"


class ParamKind(StrEnum):
    """What a parameter holds."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """Something that is no secret and differs from account to account.

    Attributes:
        pattern: What a text, or each text of a list, must match as a whole; may be empty.
        default: Taken where an account gives none; None makes it required.
    """

    kind: ParamKind
    description: str
    pattern: str = ""
    default: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that an answer must say; exactly one of the last four is given.

    Attributes:
        path: What is looked at; never interpolated.
        equals: The value, in which templates are filled in.
        one_of: Values of which it is one.
        starts_with: What the text begins with.
        exists: Whether there is something other than null.
    """

    path: Path
    place: Place
    equals: Tree | None = None
    one_of: tuple[Tree, ...] = ()
    starts_with: Template | None = None
    exists: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Which answers mean success."""

    statuses: frozenset[int]
    conditions: tuple[Condition, ...] = ()


class BodyKind(StrEnum):
    """How a body is encoded."""

    NONE = "none"
    JSON = "json"
    FORM = "form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, with its holes.

    Attributes:
        method: Any verb, such as ``LIST``.
        path: Joined to the base URL as a whole; every value in it is percent-encoded.
        base_url: Instead of the spec's; its host must be allowed, too.
        query: Names with templates; a value of None leaves the name out.
        headers: Names with templates.
        body: JSON, or a mapping for a form.
        holds_secret: The path holds the key itself, which ends it.
    """

    method: str
    path: Template
    base_url: Template | None = None
    query: Mapping[str, Tree] = field(default_factory=dict)
    headers: Mapping[str, Template] = field(default_factory=dict)
    body_kind: BodyKind = BodyKind.NONE
    body: Tree = None
    holds_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call: what is sent, and what it must bring.

    Attributes:
        name: For messages and metrics: ``list``, ``create``, ``revoke``, ``auth``, ...
    """

    name: str
    place: Place
    request: Request
    expect: Expect


class AuthKind(StrEnum):
    """How a call shows who calls."""

    NONE = "none"
    HEADER = "header"
    BASIC = "basic"
    TOKEN_EXCHANGE = "token_exchange"  # noqa: S105 - a word of the language
    OAUTH2 = "oauth2_client_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How a call shows who calls.

    Attributes:
        headers: Sent with each call; of an exchange they hold ``${session.token}``.
        username: Of ``basic``.
        password: Of ``basic``.
        exchange: What brings a token; of OAuth2 it is made of its token URL.
        token: Where the exchange's answer has the token.
        expires_in: Where it has the token's lifetime in seconds; None where it does
            not say, and then a token is kept for a minute.
    """

    kind: AuthKind
    place: Place
    headers: Mapping[str, Template] = field(default_factory=dict)
    username: Template | None = None
    password: Template | None = None
    exchange: Operation | None = None
    token: Path | None = None
    expires_in: Path | None = None


class PageKind(StrEnum):
    """How a list goes on."""

    NONE = "none"
    LINK_HEADER = "link_header"
    NEXT_URL = "next_url"
    PAGE = "page"
    OFFSET = "offset"
    CURSOR = "cursor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """How a list goes on after a page.

    Attributes:
        param: Query parameter of the page's number, the offset or the cursor.
        start: First page's number, or first offset.
        size_param: Query parameter of the page's size; empty where it cannot be asked for.
        size: How many a page is asked to have; 0 where that is not known.
        next: Where a page has the next URL or cursor; of ``next_url`` and ``cursor``.
        more: Where a page says whether there is another one; of any kind.
        total: Where a page says how many there are in all; of any kind.
    """

    kind: PageKind
    place: Place
    param: str = ""
    start: int = 1
    size_param: str = ""
    size: int = 0
    next: Path | None = None
    more: Path | None = None
    total: Path | None = None


KeyMap: TypeAlias = "Mapping[str, Selector]"
"""What an answer says of a key: by the names of `KEY_FIELDS`, and by names of the spec's
own, which are copied to a successor as ``${old.<name>}`` and must be the same on it."""

KEY_FIELDS = (
    "id",
    "secret",
    "name",
    "description",
    "scopes",
    "createdAt",
    "lastUsedAt",
    "expiresAt",
    "status",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A further call for each listed item, whose answer takes the item's place.

    Attributes:
        id: Where the item has what the call names as ``${item.id}``.
        item: Where the answer has the item.
    """

    operation: Operation
    id: Selector
    item: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The call that lists all keys.

    Attributes:
        items: Where a page has its items.
        where: What an item must say to be one of ours to look at.
        key: What an item says of its key; has ``id``.
    """

    operation: Operation
    items: Path
    pagination: Pagination
    key: KeyMap
    detail: Detail | None = None
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """The call that makes a key.

    Attributes:
        key: What the answer says of it; has ``id``, and ``secret`` where the server
            chooses it.
        quota: Answers that mean that no further key may be made.
    """

    operation: Operation
    key: KeyMap
    quota: Expect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The call that a key makes by itself to show that it works.

    Attributes:
        auth: With ``${key.secret}``.
        rejected: Statuses that mean that the key is refused.
        shows_whose: Whether a condition compares something with the key's own id or
            name; if none does, a made-up key is tried first, and must be refused.
    """

    auth: Auth
    operation: Operation
    rejected: frozenset[int]
    shows_whose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The call that tells by which key we are admitted ourselves."""

    operation: Operation
    id: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCall:
    """The call that tells how much a key is used: ``count``, ``lastAddress``, ``lastUserAgent``."""

    operation: Operation
    fields: Mapping[str, Selector]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretForm:
    """What a key looks like, for the doctor and for keys that we choose ourselves.

    Attributes:
        alphabet: Characters that follow the prefix; those of base64url by default.
        length: Of the whole text; None where it differs.
    """

    prefix: str = ""
    length: int | None = None
    min_length: int = 8
    alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class EvidenceKind(StrEnum):
    """What a spec was checked against; only the first two make it verified."""

    LIVE_SERVER = "live-server"
    VENDOR_FIXTURE = "vendor-fixture"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a spec was checked against, in its author's words."""

    kind: EvidenceKind
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One kind of key of one API.

    Attributes:
        name: The provider's name in policies and in the journal.
        base_url: Empty where each account gives its own.
        credentials: Names of the credentials that an account gives, with what each is.
        principal: Whose keys an account's are, where they have no names that we can
            choose: a template of params. None makes a lineage of each name.
        max_keys: Keys that a principal may have; None without a known limit.
        longest_name: Most characters of a key's name.
        secret_by_us: We choose the secret, and the server only takes it.
        is_dated: Whether ``createdAt`` is a key's age; if not, our first listing is.
        access_denied: What an operator is told, word for word, where our own
            credential may not do it; empty says so in our words.
    """

    file: str
    name: str
    title: str
    evidence: Evidence
    base_url: Template | None
    params: Mapping[str, Param]
    credentials: Mapping[str, str]
    auth: Auth
    listing: Listing
    creation: Creation
    verification: Verification
    revocation: tuple[Operation, ...]
    network: NetworkLimits = field(default_factory=NetworkLimits)
    headers: Mapping[str, Template] = field(default_factory=dict)
    preflight: Operation | None = None
    own: Own | None = None
    disabling: Operation | None = None
    enabling: Operation | None = None
    usage: UsageCall | None = None
    principal: Template | None = None
    max_keys: int | None = None
    longest_name: int = 255
    secret_by_us: bool = False
    is_dated: bool = True
    secret_form: SecretForm = field(default_factory=SecretForm)
    rate_limit: RateLimit = field(default_factory=RateLimit)
    propagation: Propagation = field(default_factory=Propagation)
    access_denied: str = ""
