"""The way to a Kubernetes API server: readings, server-side apply and merge patches.

Objects are taken and given as the JSON that the server speaks. What changes something
is sent once. An answer's body may hold secrets, so nothing of it is in an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rotator.clients.http_answers import object_of, provider_time
from rotator.clients.http_messages import Body, HttpRequest, bearer, json_body
from rotator.clients.kubernetes_errors import check
from rotator.core.ids import Instant
from rotator.core.secret import Secret
from rotator.errors import AccessDeniedError, RejectedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from pathlib import Path

    from rotator.clients.http import HttpClient
    from rotator.clients.http_messages import Answer, Text
    from rotator.ports.clock import Clock

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

_LEADS_AWAY = re.compile(r"^\.{1,2}$|[/%\x00-\x20\x7f]")
"""What the server forbids in a name, and what no name has."""

_UNAUTHENTICATED = 401
_PAGE = 500
_MOST_PAGES = 200

LARGEST_ANSWER_BYTES = 32 << 20
"""More than a page of the largest objects that an API server keeps."""


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """An object of a cluster, or all of a resource in one namespace where `name` is empty.

    Attributes:
        group: The API's group; empty for the core.
        version: Such as ``v1``.
        resource: In the plural, such as ``secrets``.
        namespace: Empty for what stands in none.
        name: The object's.
    """

    group: str
    version: str
    resource: str
    namespace: str
    name: str = ""

    def __str__(self) -> str:
        """Name it as people do, such as ``shop/db``."""
        return "/".join(part for part in (self.namespace, self.name or self.resource) if part)

    @property
    def url_path(self) -> str:
        """The path on the API server, with every part escaped.

        Raises:
            RejectedError: A part would lead elsewhere, for a server takes escaped slashes for
                slashes, and dots for the way up.
        """
        if any(_LEADS_AWAY.search(part) for part in (self.namespace, self.name)):
            msg = "this is no name of an object in a cluster"
            raise RejectedError(msg, subject=str(self), code="bad_name")
        root = ["apis", self.group] if self.group else ["api"]
        space = ["namespaces", self.namespace] if self.namespace else []
        parts = [*root, self.version, *space, self.resource, self.name]
        return "".join(f"/{quote(part, safe='')}" for part in parts if part)


class KubernetesApi:
    """One cluster's API server, for one identity; safe for threads."""

    def __init__(self, http: HttpClient, clock: Clock, *, server: str, token_file: Path) -> None:
        """Prepare; sends nothing and reads no token yet.

        Args:
            http: The transport; the server's origin is allowed there.
            clock: Ours; the server's is told by how far it is from it.
            server: URL of the API server, without a slash at its end.
            token_file: Holds our bearer token; it is read for each request, because
                the kubelet replaces it.
        """
        self._http = http
        self._clock = clock
        self._server = server.rstrip("/")
        self._token_file = token_file
        self._skew: timedelta | None = None

    def read(self, path: ObjectPath, *, metadata_only: bool = False) -> Mapping[str, Any]:
        """Read one object.

        Args:
            path: Which one.
            metadata_only: Let the server send its metadata and nothing of what it holds.

        Raises:
            NotFoundError: There is no such object.
            AccessDeniedError: We may not; the message names verb and resource.
            TransientError: It may succeed later.
        """
        headers = {"accept": _METADATA} if metadata_only else {}
        return self._read("get", path, headers=headers, query={})

    def listed(self, path: ObjectPath, *, labels: str = "") -> tuple[Mapping[str, Any], ...]:
        """List a resource, page by page, in the server's order.

        Args:
            path: Without a name.
            labels: A label selector; empty takes all.

        Raises:
            UnavailableError: The list was too old to be continued; begin anew.
            RejectedError: It has more than a hundred thousand objects.
            RotatorError: As `read` does.
        """
        query: dict[str, Text] = {"limit": str(_PAGE)}
        if labels:
            query["labelSelector"] = labels
        found: list[Mapping[str, Any]] = []
        for _ in range(_MOST_PAGES):
            page = self._read("list", path, headers={}, query=query)
            found += page.get("items") or ()
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return tuple(found)
            query["continue"] = more
        msg = f"the list of {path.resource} has no end"
        raise RejectedError(msg, subject=str(path), code="too_many_pages")

    def apply(
        self,
        path: ObjectPath,
        body: Mapping[str, Any],
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        not_after: Instant,
    ) -> Mapping[str, Any]:
        """Apply the fields that a manager wants to own, and those alone, on the server's side.

        A field that the same manager applied before and that `body` lacks is removed. With
        `metadata.resourceVersion` in `body` the object must still be that one.

        Args:
            path: Which object; it is made if it is missing and we may.
            body: With ``apiVersion``, ``kind`` and ``metadata.name``. Secrets may stand in it.
            manager: The field manager's name, at most 128 characters.
            force: Take fields over that others own with other values.
            dry_run: Go through everything, admission too, and keep nothing.
            not_after: Nothing is sent later.

        Returns:
            The whole object as it is then.

        Raises:
            ConflictError: `not_after` had passed, another manager owns one of the fields,
                or the object is not the one of that resource version; nothing was done.
            OutcomeUnknownError: It was sent, and no answer says whether it was done.
            NotFoundError: There is no such namespace.
            RotatorError: It was refused, and nothing was done.
        """
        query: dict[str, Text] = {"fieldManager": manager, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        return self._change("apply", path, _APPLY, body, query, not_after)

    def merge(
        self, path: ObjectPath, body: Mapping[str, Any], *, not_after: Instant
    ) -> Mapping[str, Any]:
        """Merge a patch (RFC 7386) into an object that exists; returns the whole of it.

        Raises:
            NotFoundError: There is no such object.
            RotatorError: As `apply` does.
        """
        return self._change("merge", path, _MERGE, body, {}, not_after)

    def now_there(self) -> Instant | None:
        """Tell the server's time, as far from ours as its last answer was; None before any."""
        return None if self._skew is None else Instant(self._clock.now() + self._skew)

    def _read(
        self, verb: str, path: ObjectPath, *, headers: Mapping[str, Text], query: Mapping[str, Text]
    ) -> Mapping[str, Any]:
        def sent(token: Secret) -> Answer:
            return self._http.read(
                HttpRequest(
                    operation=f"kubernetes:{verb}:{path.resource}",
                    url=self._server + path.url_path,
                    query=query,
                    headers={"authorization": bearer(token), **headers},
                    subject=str(path),
                )
            )

        return self._asked(verb, path, sent)

    def _change(
        self,
        verb: str,
        path: ObjectPath,
        content_type: str,
        body: Mapping[str, Any],
        query: Mapping[str, Text],
        not_after: Instant,
    ) -> Mapping[str, Any]:
        def sent(token: Secret) -> Answer:
            request = HttpRequest(
                operation=f"kubernetes:{verb}:{path.resource}",
                url=self._server + path.url_path,
                method="PATCH",
                query=query,
                headers={"authorization": bearer(token)},
                body=Body(content_type=content_type, content=json_body(body).content),
                subject=str(path),
            )
            return self._http.change(request, not_after=not_after)

        return self._asked(verb, path, sent)

    def _asked(
        self, verb: str, path: ObjectPath, sent: Callable[[Secret], Answer]
    ) -> Mapping[str, Any]:
        """Ask with the token of this moment; once more if it was replaced meanwhile."""
        token = self._token()
        answer = sent(token)
        if answer.status == _UNAUTHENTICATED:
            # Refused for sure, so a change may be sent again, too.
            newer = self._token()
            if newer.reveal() != token.reveal():
                answer = sent(newer)
        self._hear(answer)
        return object_of(check(answer, verb, path.resource, path.namespace))

    def _hear(self, answer: Answer) -> None:
        told = provider_time(answer)
        if told is not None:
            self._skew = told - answer.received_at

    def _token(self) -> Secret:
        try:
            token = self._token_file.read_text("ascii").strip()
        except FileNotFoundError:
            msg = "there is no token for the Kubernetes API"
            hint = "run rotator with a service account, or set `kubernetes.tokenFile`"
            raise AccessDeniedError(
                msg, subject=str(self._token_file), code="no_token", hint=hint
            ) from None
        except (OSError, ValueError):
            msg = "the token for the Kubernetes API cannot be read"
            raise UnavailableError(msg, subject=str(self._token_file), code="bad_token") from None
        return Secret(token)
