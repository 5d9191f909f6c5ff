"""What the parts of a spec must be to each other; every contradiction is told at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rotator.providers.http.spec import AuthKind
from rotator.providers.http.templates import Namespace
from rotator.providers.http.times import TimeForm
from rotator.settings.http_spec_holes import Slot, spots, written
from rotator.settings.http_spec_kinds import Vocabulary
from rotator.settings.http_spec_sections import AgeFrom, SecretBy
from rotator.settings.http_spec_urls import has_hole, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rotator.errors import Fault
    from rotator.providers.http.templates import Template
    from rotator.settings.document import Document, Path
    from rotator.settings.http_spec_auth import AuthSection
    from rotator.settings.http_spec_operations import OperationSection, RequestSection
    from rotator.settings.http_spec_sections import SpecFile

_FEWEST_BITS = 128
_SUCCESSES = range(200, 300)
_READS = frozenset({"GET", "HEAD"})

Finding = tuple["Path", str, str]
"""Where, what is wrong, and what to write instead."""


def rule_faults(document: Document, model: SpecFile) -> tuple[Fault, ...]:
    """Find every contradiction of a spec whose fields are each right by themselves."""
    return tuple(
        document.fault(written(document, where), problem, remedy)
        for where, problem, remedy in _Rules(model).findings()
    )


class _Rules:
    """The rules of one spec."""

    def __init__(self, model: SpecFile) -> None:
        self.model = model
        self.calls = model.operations
        self.spots = spots(model)

    def findings(self) -> Iterator[Finding]:
        """Apply every rule."""
        vocabulary = Vocabulary(self.model)
        for spot in self.spots:
            for problem, remedy in vocabulary.problems(spot):
                yield spot.where, problem, remedy
        yield from self._unused()
        yield from self._naming()
        yield from self._secret()
        yield from self._age()
        yield from self._verify()
        yield from self._exchanges()
        yield from self._answers()
        yield from self._changes()
        yield from self._list()
        yield from self._hosts()

    def names(self, call: str, namespace: Namespace, *slots: Slot) -> set[str]:
        """Return what a call's holes name, in all its parts or in some of them."""
        return {
            token.name
            for spot in self.spots
            if spot.call == call and (not slots or spot.slot in slots)
            for token in spot.text.tokens
            if token.namespace is namespace
        }

    def _unused(self) -> Iterator[Finding]:
        for field, namespace, declared in (
            ("params", Namespace.PARAMS, self.model.params),
            ("credentials", Namespace.CREDS, self.model.credentials),
        ):
            used = {
                token.name
                for spot in self.spots
                for token in spot.text.tokens
                if token.namespace is namespace
            }
            for name in declared:
                if name not in used:
                    yield (
                        (field, name),
                        "is used nowhere",
                        f"write `${{{namespace}.{name}}}` where it belongs, or remove it",
                    )

    def _naming(self) -> Iterator[Finding]:
        is_sent = "name" in self.names("create", Namespace.NEW)
        is_listed = self.model.key.name is not None
        if self.model.principal is not None:
            if is_sent and is_listed:
                why = "stands beside names that we choose: a name already says whose a key is"
                yield ("principal",), why, "remove it, or `${new.name}` or `key.name`"
        elif not is_listed:
            why = "has no `name`, so nothing says which keys belong together"
            yield ("key",), why, "add `name:`, or `principal:` where keys have no names"
        elif not is_sent:
            why = "does not send `${new.name}`, so a new key could not be known by its name"
            yield ("operations", "create", "request"), why, "send it, or add `principal:`"

    def _secret(self) -> Iterator[Finding]:
        at: Path = ("operations", "create")
        is_told = self.calls.create.key.secret is not None
        if self.model.secret_by is SecretBy.SERVER:
            if not is_told and self.model.key.secret is None:
                why = "does not say where the answer has the key itself"
                yield (*at, "key"), why, "add `key: {secret: ...}`, or `secretBy: client`"
            return
        if is_told:
            why = "is chosen by us, and not told by the server"
            yield (*at, "key", "secret"), why, "remove it, or `secretBy: client`"
        if "secret" not in self.names("create", Namespace.NEW):
            yield (*at, "request"), "does not send the secret", "write `${new.secret}` in its body"
        form = self.model.secret_form
        free = (form.length or math.inf) - len(form.prefix)
        if free * math.log2(len(form.alphabet)) < _FEWEST_BITS:
            why = f"leaves a secret less than {_FEWEST_BITS} bits to choose"
            yield ("secretForm",), why, "let it be longer, or have a larger alphabet"

    def _age(self) -> Iterator[Finding]:
        made = self.model.key.created_at
        if self.model.age_from is not AgeFrom.CREATED_AT:
            return
        if made is None:
            why = "has no `createdAt`, by which a key's age is counted"
            yield ("key",), why, "add `createdAt:`, or `ageFrom: ledger` where it is not told"
        elif self.model.principal is not None and made.time is TimeForm.DATE:
            why = "tells the day only, by which a key without a name of ours is not known again"
            yield ("key", "createdAt"), why, "write `ageFrom: ledger`: our first look counts"

    def _verify(self) -> Iterator[Finding]:
        if "secret" not in self.names("verify", Namespace.KEY):
            why = "never shows `${key.secret}`, and so proves nothing about the key"
            yield ("operations", "verify", "auth"), why, "send it, such as in a header"

    def _exchanges(self) -> Iterator[Finding]:
        for where, auth in self._auths():
            yield from _exchange(where, auth)

    def _auths(self) -> tuple[tuple[Path, AuthSection], ...]:
        verify: Path = ("operations", "verify", "auth")
        return (("auth",), self.model.auth), (verify, self.calls.verify.auth)

    def _answers(self) -> Iterator[Finding]:
        for name, call in self._named_calls():
            yield from _success(("operations", name), call)
        detail = self.calls.list.detail
        if detail is not None:
            yield from _success(("operations", "list", "detail"), detail)

    def _named_calls(self) -> Iterable[tuple[str, OperationSection]]:
        found = {
            name: getattr(self.calls, name)
            for name in ("preflight", "own", "list", "create", "verify", "usage")
        }
        return ((name, call) for name, call in found.items() if call is not None)

    def _changes(self) -> Iterator[Finding]:
        at: Path = ("operations",)
        yield from _no_reading((*at, "create", "request"), self.calls.create.request)
        if "scopes" in self.names("create", Namespace.NEW) and self.model.key.scopes is None:
            why = "sends `${new.scopes}`, and no listed key says what its scopes are"
            yield (*at, "create", "request"), why, "add `scopes:` under `key`, or write them out"
        changes = [("disable", self.calls.disable), ("enable", self.calls.enable)]
        for name, change in changes:
            if change is not None:
                yield from self._ending((*at, name), change)
        for index, step in enumerate(self.calls.revoke.steps):
            yield from self._ending((*at, "revoke", "steps", index), step)
        if self.calls.usage is not None:
            yield from self._about_a_key((*at, "usage"))
        if self.calls.disable is not None and self.model.key.status is None:
            why = "cannot be seen: a listed key has no `status`"
            yield (*at, "disable"), why, "add `status:` under `key`"
        yield from self._secret_flags()

    def _ending(self, where: Path, call: OperationSection) -> Iterator[Finding]:
        yield from _no_reading((*where, "request"), call.request)
        yield from self._about_a_key(where)

    def _about_a_key(self, where: Path) -> Iterator[Finding]:
        request = (*where, "request")
        if not any(
            token.namespace is Namespace.KEY
            for spot in self.spots
            if spot.where[: len(request)] == request
            for token in spot.text.tokens
        ):
            yield request, "does not say which key it is about", "write `${key.id}` in it"

    def _secret_flags(self) -> Iterator[Finding]:
        for where, request in self._requests():
            if not request.holds_secret:
                continue
            flag = (*where, "holdsSecret")
            if where[:2] != ("operations", "revoke"):
                yield flag, "means nothing here", "remove it; it is for `revoke`"
            elif not any(
                (token.namespace, token.name) == (Namespace.KEY, "secret")
                for spot in self.spots
                if spot.where[: len(where)] == where
                for token in spot.text.tokens
            ):
                yield flag, "stands without `${key.secret}`", "remove it, or write the secret"
            elif self.model.key.secret is None:
                why = "ends a key by itself, and no list shows it"
                yield flag, why, "say under `key` where a list has it: `secret: token`"

    def _requests(self) -> Iterator[tuple[Path, RequestSection]]:
        at: Path = ("operations",)
        for name, call in self._named_calls():
            yield (*at, name, "request"), call.request
        for name in ("disable", "enable"):
            call = getattr(self.calls, name)
            if call is not None:
                yield (*at, name, "request"), call.request
        for index, step in enumerate(self.calls.revoke.steps):
            yield (*at, "revoke", "steps", index, "request"), step.request
        if self.calls.list.detail is not None:
            yield (*at, "list", "detail", "request"), self.calls.list.detail.request
        for where, auth in (
            (("auth",), self.model.auth),
            ((*at, "verify", "auth"), self.calls.verify.auth),
        ):
            if auth.request is not None:
                yield (*where, "request"), auth.request

    def _list(self) -> Iterator[Finding]:
        section, at = self.calls.list, ("operations", "list")
        for name, parameter in (
            ("param", section.paginate.param),
            ("sizeParam", section.paginate.size_param),
        ):
            if parameter and parameter in section.request.query:
                why = "stands in the request's `query`, too"
                yield (*at, "paginate", name), why, "keep it here alone"
        if section.detail is not None and not self.names("detail", Namespace.ITEM):
            why = "does not say which item it is about"
            yield (*at, "detail", "request"), why, "write `${item.id}` in it"

    def _hosts(self) -> Iterator[Finding]:
        base = self.model.base_url
        allowed = {*self.model.network.allow_hosts, "" if base is None else origin_of(base)}
        places = [(where, "baseUrl", request.base_url) for where, request in self._requests()]
        places += [(where, "tokenUrl", auth.token_url) for where, auth in self._auths()]
        for where, field, url in places:
            host = "" if url is None else origin_of(url)
            if host and not has_hole(host) and host not in allowed:
                why = f"has the host `{host}`, which may not be called"
                yield (*where, field), why, "add it to `network.allowHosts`"


def _exchange(where: Path, auth: AuthSection) -> Iterator[Finding]:
    if auth.type is not AuthKind.TOKEN_EXCHANGE or auth.request is None:
        return
    yield from _successes((*where, "expect", "status"), auth.expect.status)
    if not any(_names_session(text) for text in auth.headers.values()):
        why = "never sends the token that was exchanged"
        yield (*where, "headers"), why, "write `${session.token}` in one of them"


def _names_session(text: Template) -> bool:
    return any(token.namespace is Namespace.SESSION for token in text.tokens)


def _success(where: Path, call: OperationSection) -> Iterator[Finding]:
    return _successes((*where, "expect", "status"), call.expect.status)


def _successes(where: Path, statuses: tuple[int, ...]) -> Iterator[Finding]:
    for index, status in enumerate(statuses):
        if status not in _SUCCESSES:
            yield (*where, index), "is no success of this call", "write 200 to 299"


def _no_reading(where: Path, request: RequestSection) -> Iterator[Finding]:
    if request.method in _READS:
        why = f"is `{request.method}`, which changes nothing and may be sent again on the way"
        yield (*where, "method"), why, "write the verb that the API names, such as POST or DELETE"
