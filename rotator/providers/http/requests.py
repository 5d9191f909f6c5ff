"""One request of a spec, its holes filled, as the transport sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rotator.clients.http_messages import HttpRequest, form_body, json_body
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.providers.http.filters import written
from rotator.providers.http.spec import BodyKind
from rotator.providers.http.templates import (
    Namespace,
    UnfilledError,
    fill_path,
    fill_tree,
    fill_url,
)

if TYPE_CHECKING:
    from rotator.clients.http_messages import Body, Text
    from rotator.providers.http.accounts import HttpAccount
    from rotator.providers.http.spec import Operation, Request, Spec, Tree
    from rotator.providers.http.templates import Values


class RequestWriter:
    """Writes the requests of one account."""

    def __init__(self, spec: Spec, account: HttpAccount) -> None:
        """Take what all requests have in common."""
        self._spec = spec
        self._account = account
        given = {name: param.default for name, param in spec.params.items()}
        self.params: Values = {Namespace.PARAMS: {**given, **account.params}}

    def write(
        self,
        operation: Operation,
        values: Values,
        headers: Mapping[str, Text],
        *,
        query: Mapping[str, str] | None = None,
        url: Text | None = None,
        subject: str = "",
    ) -> HttpRequest:
        """Fill in the holes.

        Args:
            operation: What is sent.
            values: What its holes are filled with, beside the params.
            headers: Those that show who calls.
            query: Joined to the request's own.
            url: The whole URL, from a vendor; then query and path are in it.
            subject: What it is about, for messages; the account if it is empty.

        Raises:
            RejectedError: A hole has no value, or one that has no place there.
        """
        name, about = f"{self._spec.name}:{operation.name}", subject or str(self._account.id)
        try:
            filled = {**self.params, **values}
            request = operation.request
            return HttpRequest(
                operation=name,
                url=url or self._url(request, filled),
                method=request.method,
                query={} if url else {**_texts(request.query, filled), **(query or {})},
                headers={
                    **_texts(self._spec.headers, filled),
                    **_texts(request.headers, filled),
                    **headers,
                },
                body=_body(request, filled),
                subject=about,
            )
        except UnfilledError as error:
            problem = str(error)
        raise RejectedError(f"{name} was not sent: {problem}", subject=about, code="unfilled")

    def url_of(self, operation: Operation) -> Text:
        """Return where an operation is sent that asks for params only; raises as `write`."""
        return self.write(operation, {}, {}).url

    def _url(self, request: Request, values: Values) -> Text:
        base = self._account.base_url
        if request.base_url is not None:
            base = fill_url(request.base_url, values)
        base, path = base.rstrip("/"), fill_path(request.path, values)
        return Secret(base + path.reveal()) if isinstance(path, Secret) else base + path


def _body(request: Request, values: Values) -> Body | None:
    match request.body_kind:
        case BodyKind.NONE:
            return None
        case BodyKind.JSON:
            return json_body(fill_tree(request.body, values))
        case BodyKind.FORM:
            return form_body(_texts(request.body, values))


def _texts(tree: Tree, values: Values) -> dict[str, Text]:
    """Fill in a mapping whose values are written as texts: a query, headers, a form."""
    filled = fill_tree(tree, values)
    fields = filled if isinstance(filled, Mapping) else {}
    found = {str(name): written(value) for name, value in fields.items() if value is not None}
    texts = {name: text for name, text in found.items() if text is not None}
    if len(texts) < len(found):
        lost = next(name for name, text in found.items() if text is None)
        msg = f"the field `{lost}` is a list or a mapping, and stands where only texts can be"
        raise RejectedError(msg, subject=lost, code="unfilled")
    return texts
