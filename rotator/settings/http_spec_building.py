"""A spec that was found right, as the objects that the provider works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotator.clients.http_limits import RateLimit, RateUnit
from rotator.providers.http.limits import NetworkLimits, Propagation
from rotator.providers.http.selectors import Selector, compile_path
from rotator.providers.http.spec import (
    Auth,
    AuthKind,
    BodyKind,
    Condition,
    Creation,
    Detail,
    Evidence,
    Expect,
    Listing,
    Operation,
    Own,
    PageKind,
    Pagination,
    Param,
    Place,
    Request,
    SecretForm,
    Spec,
    UsageCall,
    Verification,
)
from rotator.providers.http.templates import Namespace, parse
from rotator.settings.document import spell
from rotator.settings.http_params import plain
from rotator.settings.http_spec_auth import ClientAuth
from rotator.settings.http_spec_holes import texts_in, written
from rotator.settings.http_spec_sections import AgeFrom, SecretBy
from rotator.settings.http_spec_urls import split_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rotator.providers.http.spec import KeyMap, Tree
    from rotator.settings.document import Document, Path
    from rotator.settings.http_spec_auth import AuthSection
    from rotator.settings.http_spec_keys import SelectorSection
    from rotator.settings.http_spec_network import RateHeaderSection
    from rotator.settings.http_spec_operations import (
        ConditionSection,
        ExpectSection,
        OperationSection,
        RequestSection,
    )
    from rotator.settings.http_spec_sections import ParamSection, SpecFile

_CALLS: Path = ("operations",)


def to_spec(document: Document, model: SpecFile) -> Spec:
    """Make a spec's objects; each knows its place in the file."""
    return _Building(document, model).spec()


class _Building:
    """The making of one spec."""

    def __init__(self, document: Document, model: SpecFile) -> None:
        self.document = document
        self.model = model
        self.calls = model.operations

    def spec(self) -> Spec:
        """Put everything together."""
        model = self.model
        return Spec(
            file=self.document.file,
            name=model.name,
            title=model.title,
            evidence=Evidence(**model.evidence.model_dump()),
            base_url=model.base_url,
            params={name: _param(item) for name, item in model.params.items()},
            credentials={name: item.description for name, item in model.credentials.items()},
            auth=self._auth(("auth",), model.auth),
            listing=self._listing(),
            creation=self._creation(),
            verification=self._verification(),
            revocation=self._revocation(),
            network=_network(model),
            headers=model.headers,
            preflight=self._optional("preflight", self.calls.preflight),
            own=self._own(),
            disabling=self._optional("disable", self.calls.disable),
            enabling=self._optional("enable", self.calls.enable),
            usage=self._usage(),
            principal=model.principal,
            max_keys=model.max_active_keys,
            longest_name=model.names.longest,
            secret_by_us=model.secret_by is SecretBy.CLIENT,
            is_dated=model.age_from is AgeFrom.CREATED_AT,
            secret_form=SecretForm(**model.secret_form.model_dump()),
            rate_limit=_rate_limit(model),
            propagation=Propagation(**model.propagation.model_dump()),
            access_denied=model.access_denied,
        )

    def _place(self, where: Path) -> Place:
        at = written(self.document, where)
        return Place(file=self.document.file, line=self.document.line(at), field=spell(at))

    def _auth(self, where: Path, section: AuthSection) -> Auth:
        if section.type is AuthKind.OAUTH2:
            return self._oauth2(where, section)
        exchange = None
        if section.request is not None:
            request_at = (*where, "request", "path")
            exchange = Operation(
                name="auth",
                place=self._place(request_at),
                request=_request(section.request),
                expect=self._expect((*where, "expect"), section.expect),
            )
        return Auth(
            kind=section.type,
            place=self._place(where),
            headers=section.headers,
            username=section.username,
            password=section.password,
            exchange=exchange,
            token=section.token,
            expires_in=section.expires_in,
        )

    def _oauth2(self, where: Path, section: AuthSection) -> Auth:
        """Write the exchange of RFC 6749, 4.4 out."""
        is_basic = section.client_auth is ClientAuth.BASIC
        return Auth(
            kind=section.type,
            place=self._place(where),
            headers={"Authorization": parse("Bearer ${session.token}")},
            username=section.client_id if is_basic else None,
            password=section.client_secret if is_basic else None,
            exchange=Operation(
                name="auth",
                place=self._place((*where, "tokenUrl")),
                request=_token_request(section),
                expect=Expect(statuses=frozenset({200})),
            ),
            token=compile_path("access_token"),
            expires_in=compile_path("expires_in"),
        )

    def _operation(self, name: str, where: Path, section: OperationSection) -> Operation:
        return Operation(
            name=name,
            place=self._place((*where, "request", "path")),
            request=_request(section.request),
            expect=self._expect((*where, "expect"), section.expect),
        )

    def _optional(self, name: str, section: OperationSection | None) -> Operation | None:
        return None if section is None else self._operation(name, (*_CALLS, name), section)

    def _expect(self, where: Path, section: ExpectSection) -> Expect:
        conditions = self._conditions((*where, "assert"), section.asserts)
        return Expect(statuses=frozenset(section.status), conditions=conditions)

    def _conditions(
        self, where: Path, sections: tuple[ConditionSection, ...]
    ) -> tuple[Condition, ...]:
        return tuple(
            Condition(
                path=section.path,
                place=self._place((*where, index)),
                equals=section.equals,
                one_of=section.one_of,
                starts_with=section.starts_with,
                exists=section.exists,
            )
            for index, section in enumerate(sections)
        )

    def _selector(self, where: Path, section: SelectorSection) -> Selector:
        return Selector(
            place=self._place(where),
            path=section.path,
            regex=section.regex,
            decode=section.decode,
            time=section.time,
            never=tuple(map(str, section.never)),
            values=section.values,
            const=section.const,
        )

    def _key_map(self, where: Path, sections: Mapping[str, SelectorSection]) -> KeyMap:
        return {
            name: self._selector(self._property((*where, name), (*where, "extra", name)), section)
            for name, section in sections.items()
        }

    def _property(self, *places: Path) -> Path:
        return next((place for place in places if place in self.document.lines), places[0])

    def _listing(self) -> Listing:
        at, section = (*_CALLS, "list"), self.calls.list
        return Listing(
            operation=self._operation("list", at, section),
            items=section.items,
            pagination=self._pagination(),
            key=self._key_map(("key",), self.model.key.selectors()),
            detail=self._detail(),
            where=self._conditions((*at, "where"), section.where),
        )

    def _pagination(self) -> Pagination:
        section = self.calls.list.paginate
        first = 0 if section.type is PageKind.OFFSET else 1
        return Pagination(
            kind=section.type,
            place=self._place((*_CALLS, "list", "paginate")),
            param=section.param,
            start=first if section.start is None else section.start,
            size_param=section.size_param,
            size=section.size,
            next=section.next,
            more=section.more,
            total=section.total,
        )

    def _detail(self) -> Detail | None:
        at, section = (*_CALLS, "list", "detail"), self.calls.list.detail
        if section is None:
            return None
        return Detail(
            operation=self._operation("detail", at, section),
            id=self._selector((*at, "id"), section.id),
            item=section.item or compile_path("@"),
        )

    def _creation(self) -> Creation:
        at, section = (*_CALLS, "create"), self.calls.create
        common = self._key_map(("key",), self.model.key.selectors())
        answered = self._key_map((*at, "key"), section.key.selectors())
        quota = section.quota
        return Creation(
            operation=self._operation("create", at, section),
            key={**common, **answered},
            quota=None if quota is None else self._expect((*at, "quota"), quota),
        )

    def _verification(self) -> Verification:
        at, section = (*_CALLS, "verify"), self.calls.verify
        operation = self._operation("verify", at, section)
        return Verification(
            auth=self._auth((*at, "auth"), section.auth),
            operation=operation,
            rejected=frozenset(section.reject_status),
            shows_whose=_shows_whose(operation.expect.conditions),
        )

    def _revocation(self) -> tuple[Operation, ...]:
        at = (*_CALLS, "revoke", "steps")
        return tuple(
            self._operation("revoke", (*at, index), step)
            for index, step in enumerate(self.calls.revoke.steps)
        )

    def _own(self) -> Own | None:
        at, section = (*_CALLS, "own"), self.calls.own
        if section is None:
            return None
        operation = self._operation("own", at, section)
        return Own(operation=operation, id=self._selector((*at, "id"), section.id))

    def _usage(self) -> UsageCall | None:
        at, section = (*_CALLS, "usage"), self.calls.usage
        if section is None:
            return None
        told = {
            "count": section.count,
            "lastAddress": section.last_address,
            "lastUserAgent": section.last_user_agent,
        }
        named = {name: item for name, item in told.items() if item is not None}
        return UsageCall(
            operation=self._operation("usage", at, section), fields=self._key_map(at, named)
        )


def _request(section: RequestSection) -> Request:
    body: Tree = section.json_body
    kind = BodyKind.NONE if body is None else BodyKind.JSON
    if section.form is not None:
        kind, body = BodyKind.FORM, section.form
    return Request(
        method=section.method,
        path=section.path,
        base_url=section.base_url,
        query=section.query,
        headers=section.headers,
        body_kind=kind,
        body=body,
        holds_secret=section.holds_secret,
    )


def _token_request(section: AuthSection) -> Request:
    assert section.token_url is not None  # noqa: S101 - the model has looked
    base, path = split_url(section.token_url)
    form: dict[str, Tree] = {"grant_type": parse("client_credentials")}
    if section.client_auth is ClientAuth.BODY:
        form |= {"client_id": section.client_id, "client_secret": section.client_secret}
    if section.scope is not None:
        form["scope"] = section.scope
    return Request(method="POST", path=path, base_url=base, body_kind=BodyKind.FORM, body=form)


def _shows_whose(conditions: tuple[Condition, ...]) -> bool:
    return any(
        token.namespace is Namespace.KEY
        for condition in conditions
        for _, text in texts_in((condition.equals, condition.one_of, condition.starts_with))
        for token in text.tokens
    )


def _param(section: ParamSection) -> Param:
    return Param(
        kind=section.type,
        description=section.description,
        pattern="" if section.pattern is None else section.pattern.pattern,
        default=plain(section.default),
    )


def _network(model: SpecFile) -> NetworkLimits:
    section = model.network
    return NetworkLimits(
        allow_hosts=frozenset(section.allow_hosts),
        connect_seconds=section.timeouts.connect.total_seconds(),
        read_seconds=section.timeouts.read.total_seconds(),
        total_seconds=section.timeouts.total.total_seconds(),
        max_response_bytes=section.max_response_bytes,
        max_pages=section.max_pages,
        max_items=section.max_items,
    )


def _rate_limit(model: SpecFile) -> RateLimit:
    section = model.rate_limit
    retry_after, retry_after_unit = _header(section.retry_after)
    reset, reset_unit = _header(section.reset)
    return RateLimit(
        retry_after=retry_after,
        retry_after_unit=retry_after_unit,
        remaining=section.remaining or "",
        reset=reset,
        reset_unit=reset_unit,
        max_per_second=section.max_per_second,
    )


def _header(section: RateHeaderSection | None) -> tuple[str, RateUnit]:
    return ("", RateUnit.SECONDS) if section is None else (section.header, section.unit)
