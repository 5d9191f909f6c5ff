"""What goes to an API server, and what its answers mean."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from rotator.clients.kubernetes import ObjectPath
from rotator.core.ids import Instant
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    ThrottledError,
    UnavailableError,
)
from rotator.simulators.kubernetes.shapes import FaultKind
from tests.adapters.kubernetes.cluster import path_of, secrets
from tests.adapters.kubernetes.scripted import SERVER, Script

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.kubernetes.cluster import Cluster

SECRET = path_of("db")
BODY = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "apps"}}
THING = {"metadata": {"name": "db"}}


def status(reason: str, **details: object) -> dict[str, object]:
    return {"kind": "Status", "reason": reason, "details": details, "message": "user alice said so"}


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first-token\n")
    return path


def soon(script: Script) -> Instant:
    return Instant(script.clock.now() + timedelta(seconds=30))


def applied(script: Script, token_file: Path) -> Any:  # noqa: ANN401 - any JSON
    return script.api(token_file).apply(SECRET, BODY, manager="us", not_after=soon(script))


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (SECRET, "/api/v1/namespaces/apps/secrets/db"),
        (
            ObjectPath("apps", "v1", "deployments", "shop"),
            "/apis/apps/v1/namespaces/shop/deployments",
        ),
        (ObjectPath("", "v1", "namespaces", "", "shop"), "/api/v1/namespaces/shop"),
        (path_of("..x?y#z"), "/api/v1/namespaces/apps/secrets/..x%3Fy%23z"),
    ],
)
def test_an_object_has_its_place_in_the_url(path: ObjectPath, url: str) -> None:
    assert path.url_path == url


@pytest.mark.parametrize(
    "name", [".", "..", "a/scale", "../../kube-system/secrets/x", "a%2Fscale", "a\x00", "a\nb"]
)
def test_no_name_leads_out_of_its_place_in_the_url(name: str) -> None:
    for path in (path_of(name), path_of("db", name)):
        with pytest.raises(RejectedError) as caught:
            _ = path.url_path
        assert caught.value.code == "bad_name"


def test_an_object_is_named_as_people_do() -> None:
    assert str(SECRET) == "apps/db"
    assert str(ObjectPath("", "v1", "nodes", "")) == "nodes"


def test_metadata_alone_is_asked_for_where_no_secret_is_needed(token_file: Path) -> None:
    script = Script(answers=[(200, THING)])
    api = script.api(token_file)
    assert api.read(SECRET, metadata_only=True) == THING
    api.read(SECRET)
    partial, whole = (request.headers.get("accept", "") for request, _ in script.sent)
    assert "as=PartialObjectMetadata" in str(partial)
    assert whole == ""


def test_an_apply_names_its_manager_and_never_forces_unasked(token_file: Path) -> None:
    script = Script(answers=[(200, THING)])
    api = script.api(token_file)
    api.apply(SECRET, BODY, manager="us", not_after=soon(script))
    api.apply(SECRET, BODY, manager="us", force=True, dry_run=True, not_after=soon(script))
    first, second = (request for request, is_change in script.sent if is_change)
    assert first.query == {"fieldManager": "us", "force": "false"}
    assert second.query == {"fieldManager": "us", "force": "true", "dryRun": "All"}
    assert first.method == "PATCH"
    assert first.url == f"{SERVER}{SECRET.url_path}"
    assert first.body is not None
    assert first.body.content_type == "application/apply-patch+yaml"
    assert json.loads(first.body.content) == BODY


def test_a_list_is_read_to_its_end(token_file: Path) -> None:
    pages: list[tuple[int, object]] = [
        (200, {"items": [{"n": 1}], "metadata": {"continue": "more"}}),
        (200, {"items": [{"n": 2}], "metadata": {}}),
    ]
    script = Script(answers=pages)
    path = ObjectPath("", "v1", "pods", "apps")
    assert script.api(token_file).listed(path, labels="app=db") == ({"n": 1}, {"n": 2})
    assert script.sent[0][0].query["labelSelector"] == "app=db"
    assert script.sent[1][0].query["continue"] == "more"


def test_a_list_without_an_end_is_given_up(token_file: Path) -> None:
    script = Script(answers=[(200, {"items": [], "metadata": {"continue": "more"}})])
    with pytest.raises(RejectedError, match="no end"):
        script.api(token_file).listed(ObjectPath("", "v1", "pods", "apps"))


def test_a_list_that_became_too_old_is_transient(token_file: Path) -> None:
    script = Script(answers=[(410, status("Expired"))])
    with pytest.raises(UnavailableError, match="too old"):
        script.api(token_file).listed(ObjectPath("", "v1", "pods", "apps"))


@pytest.mark.parametrize(
    ("code", "told", "kind", "words"),
    [
        (401, status("Unauthorized"), AccessDeniedError, "does not accept our token"),
        (403, status("Forbidden"), AccessDeniedError, "may not patch secrets in namespace apps"),
        (404, status("NotFound", kind="secrets"), NotFoundError, "no such object"),
        (404, status("NotFound", kind="namespaces"), NotFoundError, "no namespace apps"),
        (409, status("Conflict"), ConflictError, "changed meanwhile"),
        (
            409,
            status("Conflict", causes=[{"reason": "FieldManagerConflict", "field": ".data.a"}]),
            ConflictError,
            "another manager owns .data.a",
        ),
        (422, status("Invalid", causes=[{"field": "data"}]), RejectedError, "invalid: data"),
        (422, b"no json", RejectedError, "refused as invalid"),
        (404, [1], NotFoundError, "no such object"),
        (404, {"details": 3}, NotFoundError, "no such object"),
        (415, {}, RejectedError, "status 415"),
        (429, {}, ThrottledError, "status 429"),
        (500, {}, OutcomeUnknownError, "status 500"),
        (504, {}, OutcomeUnknownError, "status 504"),
        (200, b"[]", OutcomeUnknownError, "no JSON object"),
    ],
)
def test_an_answer_to_a_change_means_what_its_caller_must_do(
    token_file: Path, code: int, told: object, kind: type[RotatorError], words: str
) -> None:
    script = Script(answers=[(code, told)])
    with pytest.raises(RotatorError) as caught:
        applied(script, token_file)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert "alice" not in str(caught.value)


def said(message: str, **details: object) -> dict[str, object]:
    return {**status("Forbidden", **details), "message": message}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (
            (403, said('secrets "db" is forbidden: User "alice" cannot create resource "secrets"')),
            "forbidden",
            "may not create secrets",
        ),
        (
            (400, said('admission webhook "validate.kyverno.svc-fail" denied the request: alice')),
            "admission_denied",
            "policy validate.kyverno.svc-fail",
        ),
        (
            (422, said("ValidatingAdmissionPolicy 'pinned' with binding 'all' denied request: x")),
            "admission_denied",
            "policy pinned",
        ),
        (
            (403, said("x", causes=[{"reason": "NamespaceTerminating", "field": "m"}])),
            "namespace_terminating",
            "namespace apps is being deleted",
        ),
        (
            (403, said('secrets "db" is forbidden: exceeded quota: alice, requested: secrets=1')),
            "namespace_quota",
            "quota of the namespace apps",
        ),
        ((403, said("no", causes=[3, "x"])), "forbidden", "may not patch secrets"),
        ((403, said("no", causes=3)), "forbidden", "may not patch secrets"),
    ],
    ids=["create", "webhook", "policy", "terminating", "quota", "odd", "odder"],
)
def test_a_refusal_says_who_refused_and_what_would_help(
    token_file: Path, answer: tuple[int, object], code: str, words: str
) -> None:
    with pytest.raises(RotatorError) as caught:
        applied(Script(answers=[answer]), token_file)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "alice" not in caught.value.diagnostics()


def test_what_a_role_lacks_is_told_for_the_cluster_too(token_file: Path) -> None:
    script = Script(answers=[(403, {})])
    with pytest.raises(AccessDeniedError, match="may not get namespaces in the cluster"):
        script.api(token_file).read(ObjectPath("", "v1", "namespaces", "", "apps"))


def test_a_reading_is_unavailable_where_a_change_would_be_unknown(token_file: Path) -> None:
    script = Script(answers=[(503, {})])
    with pytest.raises(UnavailableError):
        script.api(token_file).read(SECRET)


def test_a_token_that_the_kubelet_has_replaced_is_taken_up(token_file: Path) -> None:
    script = Script(answers=[(200, THING)])
    api = script.api(token_file)
    api.read(SECRET)
    token_file.write_text("second-token")
    api.read(SECRET)
    assert script.tokens() == ["Bearer first-token", "Bearer second-token"]


def test_a_token_that_is_replaced_while_it_is_refused_is_tried_once_more(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("first-token")

    class Kubelet(Script):
        def change(self, request: Any, *, not_after: Instant | None) -> Any:  # noqa: ANN401
            answer = super().change(request, not_after=not_after)
            token_file.write_text("second-token")
            return answer

    script = Kubelet(answers=[(401, {}), (200, THING)])
    assert applied(script, token_file) == THING
    assert script.tokens() == ["Bearer first-token", "Bearer second-token"]


def test_a_token_that_is_refused_and_stays_is_not_sent_again(token_file: Path) -> None:
    script = Script(answers=[(401, {})])
    with pytest.raises(AccessDeniedError):
        applied(script, token_file)
    assert len(script.sent) == 1


def test_a_missing_token_says_how_to_give_one(tmp_path: Path) -> None:
    script = Script(answers=[(200, THING)])
    with pytest.raises(AccessDeniedError) as caught:
        script.api(tmp_path / "none").read(SECRET)
    assert "kubernetes.tokenFile" in caught.value.hint
    with pytest.raises(UnavailableError, match="cannot be read"):
        script.api(tmp_path).read(SECRET)
    assert script.sent == []


def test_the_servers_time_goes_on_with_our_clock(token_file: Path) -> None:
    script = Script(answers=[(200, THING)])
    api = script.api(token_file)
    assert api.now_there() is None
    api.read(SECRET)
    assert api.now_there() is None  # it told no time
    ahead = timedelta(minutes=7)
    script.date = format_datetime(script.clock.now() + ahead, usegmt=True)
    api.read(SECRET)
    script.clock.advance(timedelta(hours=1))
    assert api.now_there() == script.clock.now() + ahead


def test_a_late_change_is_not_sent(cluster: Cluster) -> None:
    late = Instant(cluster.clock.now() - timedelta(seconds=1))
    with pytest.raises(ConflictError):
        cluster.api.apply(SECRET, BODY, manager="us", not_after=late)
    with pytest.raises(ConflictError):
        cluster.api.merge(SECRET, {}, not_after=late)
    assert not [call for call in cluster.kube.world.calls if call.caller.endswith(":rotator")]


@pytest.mark.parametrize("fault", [FaultKind.LOSE_ANSWER, FaultKind.LOSE_REQUEST])
def test_an_apply_whose_answer_is_lost_has_an_unknown_outcome(
    cluster: Cluster, fault: FaultKind
) -> None:
    until = Instant(cluster.clock.now() + timedelta(seconds=30))
    with cluster.failing(fault), pytest.raises(OutcomeUnknownError):
        cluster.api.apply(SECRET, BODY, manager="us", not_after=until)
    was_made = fault is FaultKind.LOSE_ANSWER
    made = cluster.by_hand("GET", secrets())["items"]
    assert bool(made) is was_made


def test_nothing_that_an_object_holds_is_in_an_error(token_file: Path) -> None:
    holding = {**THING, "data": {"password": "aHVudGVyMg=="}}
    script = Script(answers=[(422, holding)])
    with pytest.raises(RejectedError) as caught:
        applied(script, token_file)
    assert "aHVudGVyMg" not in repr(caught.value) + repr(script.sent)
