from __future__ import annotations

import pytest

from rotator.settings.http_spec import read_spec
from tests.settings.specs import FILE, REMOVED, changed, check, faults_with, text_of, told

LIST = "operations.list"
CREATE = "operations.create"
VERIFY = "operations.verify"
STEP = "operations.revoke.steps.0"
STEP_FIELD = "operations.revoke.steps[0]"
BODY = f"{CREATE}.request.json"
ON = {"request": {"method": "POST", "path": "/tokens/${key.id}/on"}}
EXCHANGE = {
    "type": "token_exchange",
    "request": {"method": "POST", "path": "/token", "json": {"key": "${creds.admin}"}},
    "token": "token",
    "headers": {"Authorization": "Token ${session.token}"},
}


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"key.scopes": REMOVED}, f"{CREATE}.request", "no listed key says what its scopes are"),
        ({f"{BODY}.a": "${params.other}"}, f"{BODY}.a", "`${params.other}` names nothing"),
        ({f"{BODY}.a": "${new.nam}"}, f"{BODY}.a", "names nothing"),
        ({f"{BODY}.a": "${old.typo}"}, f"{BODY}.a", "names nothing"),
        ({f"{BODY}.a": "${old.lastUsedAt|rfc3339}"}, f"{BODY}.a", "names nothing"),
        ({f"{BODY}.a": "${new.secret}"}, f"{BODY}.a", "chosen by the server"),
        ({f"{BODY}.a": "${creds.admin}"}, f"{BODY}.a", "outside of `auth`"),
        ({f"{BODY}.a": "${key.id}"}, f"{BODY}.a", "this call is about none"),
        ({f"{BODY}.a": "${item.id}"}, f"{BODY}.a", "an item of a list"),
        ({f"{BODY}.a": "${session.token}"}, f"{BODY}.a", "a token that was exchanged"),
        ({f"{BODY}.a": "${new.name|date}"}, f"{BODY}.a", "the filter `date` cannot take"),
        ({f"{BODY}.a": "${new.scopes|seconds}"}, f"{BODY}.a", "is a list"),
        ({f"{BODY}.a": "${new.ttl}"}, f"{BODY}.a", "is a length of time"),
        ({f"{BODY}.a": "${new.ttl|optional}"}, f"{BODY}.a", "no filter says how"),
        ({f"{BODY}.a": "${new.expiresAt}"}, f"{BODY}.a", "is a time"),
        ({f"{BODY}.a": "${new.expiresAt|seconds}"}, f"{BODY}.a", "is a time, which"),
        ({f"{BODY}.a": "${old.expiresAt}"}, f"{BODY}.a", "is a time"),
        ({f"{BODY}.a": "all: ${new.scopes}"}, f"{BODY}.a", "no filter makes a text of it"),
        ({f"{CREATE}.request.query.s": "${new.scopes}"}, f"{CREATE}.request.query.s", "is a list"),
        ({"headers.X-Key": "${creds.admin}"}, "headers.X-Key", "outside of `auth`"),
        ({"headers.X-Name": "${new.name}"}, "headers.X-Name", "to be made"),
        ({f"{LIST}.request.query.k": "${old.id}"}, f"{LIST}.request.query.k", "a replaced key"),
        ({f"{VERIFY}.request.path": "/x/${key.secret}"}, f"{VERIFY}.request.path", "others could"),
        (
            {f"{VERIFY}.request.query.k": "${key.secret}"},
            f"{VERIFY}.request.query.k",
            "others could read it",
        ),
        (
            {f"{VERIFY}.expect.assert.equals": "${key.secret}"},
            f"{VERIFY}.expect.assert.equals",
            "others could read it",
        ),
        (
            {f"{VERIFY}.expect.assert.equals": "${key.id|optional}"},
            f"{VERIFY}.expect.assert.equals",
            "no field to leave out",
        ),
        (
            {f"{STEP}.request.json": {"token": "${key.secret}"}},
            f"{STEP_FIELD}.request.json.token",
            "is the key itself",
        ),
        (
            {f"{LIST}.where": [{"path": "a", "equals": "${key.id}"}]},
            f"{LIST}.where[0].equals",
            "this call is about none",
        ),
        (
            {"operations.preflight": {"request": {"path": "/${item.id}"}}},
            "operations.preflight.request.path",
            "an item of a list",
        ),
    ],
)
def test_a_hole_that_cannot_be_filled_there_is_told(
    changes: dict[str, object], field: str, problem: str
) -> None:
    check(changes, field, problem)


def test_a_close_name_is_proposed() -> None:
    [fault] = faults_with({f"{BODY}.a": "${new.nam}"})

    assert fault.remedy == "did you mean `${new.name}`?"


def test_our_credential_stands_in_no_url() -> None:
    token = {**EXCHANGE, "request": {"method": "POST", "path": "/token/${creds.admin}"}}

    check({"auth": token}, "auth.request.path", "where others could read it")


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"params.other": {"description": "x"}}, "params.other", "is used nowhere"),
        ({"credentials.other": {"description": "x"}}, "credentials.other", "is used nowhere"),
        ({"key.name": REMOVED}, "key", "has no `name`"),
        ({f"{BODY}.note": "x"}, f"{CREATE}.request", "does not send `${new.name}`"),
        ({"principal": "${params.user}"}, "principal", "beside names that we choose"),
        ({f"{CREATE}.key": REMOVED}, f"{CREATE}.key", "where the answer has the key itself"),
        ({"key.createdAt": REMOVED}, "key", "has no `createdAt`"),
        (
            {
                "principal": "${params.user}",
                "key.name": REMOVED,
                f"{BODY}.note": REMOVED,
                "key.createdAt": {"path": "created", "time": "date"},
            },
            "key.createdAt",
            "tells the day only",
        ),
        ({f"{VERIFY}.auth": {"type": "none"}}, f"{VERIFY}.auth", "proves nothing about the key"),
        (
            {"auth": {**EXCHANGE, "headers": {"X-Other": "x"}}},
            "auth.headers",
            "never sends the token",
        ),
        (
            {"auth": {**EXCHANGE, "expect": {"status": [401]}}},
            "auth.expect.status[0]",
            "no success",
        ),
        ({f"{CREATE}.request.method": REMOVED}, f"{CREATE}.request.method", "is `GET`"),
        ({f"{STEP}.request.method": "GET"}, f"{STEP_FIELD}.request.method", "is `GET`"),
        ({f"{STEP}.request.path": "/tokens"}, f"{STEP_FIELD}.request", "which key"),
        (
            {f"{STEP}.request.holdsSecret": True},
            f"{STEP_FIELD}.request.holdsSecret",
            "without `${key.secret}`",
        ),
        (
            {
                f"{STEP}.request.holdsSecret": True,
                f"{STEP}.request.path": "/tokens/${key.secret}",
            },
            f"{STEP_FIELD}.request.holdsSecret",
            "no list shows it",
        ),
        (
            {
                "secretBy": "client",
                f"{CREATE}.key": REMOVED,
                f"{CREATE}.request.path": "/tokens/${new.secret}",
            },
            f"{CREATE}.request.path",
            "where others could read it",
        ),
        (
            {"key.secret": "token", f"{BODY}.other": "${old.secret}"},
            f"{BODY}.other",
            "names nothing",
        ),
        (
            {f"{LIST}.request.holdsSecret": True},
            f"{LIST}.request.holdsSecret",
            "means nothing here",
        ),
        (
            {"operations.usage": {"request": {"path": "/usage"}, "count": "n"}},
            "operations.usage.request",
            "which key",
        ),
        (
            {"operations.disable": ON, "operations.enable": ON, "key.status": REMOVED},
            "operations.disable",
            "cannot be seen",
        ),
        ({f"{LIST}.request.query.after": "x"}, f"{LIST}.paginate.param", "`query`, too"),
        ({f"{LIST}.request.query.limit": 5}, f"{LIST}.paginate.sizeParam", "`query`, too"),
        (
            {f"{LIST}.detail": {"id": "@", "request": {"path": "/tokens"}}},
            f"{LIST}.detail.request",
            "which item",
        ),
        (
            {
                f"{LIST}.detail": {
                    "id": "@",
                    "request": {"path": "/tokens/${item.id}"},
                    "expect": {"status": [404]},
                }
            },
            f"{LIST}.detail.expect.status[0]",
            "no success",
        ),
        (
            {f"{VERIFY}.request.baseUrl": "https://other.example.com"},
            f"{VERIFY}.request.baseUrl",
            "may not be called",
        ),
        (
            {
                "auth": {
                    "type": "oauth2_client_credentials",
                    "tokenUrl": "https://login.example.com/token",
                    "clientId": "x",
                    "clientSecret": "${creds.admin}",
                }
            },
            "auth.tokenUrl",
            "the host `login.example.com`, which may not be called",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_told(
    changes: dict[str, object], field: str, problem: str
) -> None:
    check(changes, field, problem)


def test_holes_in_a_requests_host_are_left_to_the_account() -> None:
    changes = {f"{VERIFY}.request.baseUrl": "https://${params.user}.example.com"}

    assert read_spec(FILE, text_of(changed(changes)))[1] == ()


def test_a_secret_of_ours_is_sent_not_told_and_long_enough() -> None:
    assert told({"secretBy": "client"}) == [
        (f"{CREATE}.request", "does not send the secret"),
        (f"{CREATE}.key.secret", "is chosen by us, and not told by the server"),
    ]
    changes = {
        "secretBy": "client",
        "secretForm": {"prefix": "ex_", "length": 24},
        f"{CREATE}.key": REMOVED,
        f"{BODY}.secret": "${new.secret}",
    }
    check(changes, "secretForm", "less than 128 bits")


def test_ledger_needs_no_date() -> None:
    changes = {"ageFrom": "ledger", "key.createdAt": REMOVED}
    spec, faults = read_spec(FILE, text_of(changed(changes)))

    assert faults == ()
    assert spec is not None
    assert not spec.is_dated


def test_a_number_that_json_cannot_hold_is_told() -> None:
    text = text_of(changed({f"{BODY}.a": "NUMBER"})).replace("NUMBER", "9" * 400 + ".5")
    [fault] = read_spec(FILE, text)[1]

    assert (fault.field, fault.problem) == (f"{BODY}.a", "is no number of JSON")


SECRET = "s3cr3t-pasted-by-mistake"


@pytest.mark.parametrize(
    "place",
    [
        "headers.X-Key",
        "auth.headers.Authorization",
        f"{BODY}.key",
        f"{LIST}.request.query.key",
        f"{LIST}.request.path",
        f"{LIST}.items",
        "key.id",
        "baseUrl",
        "principal",
        "params.user.pattern",
        "secretForm.prefix",
        "network.allowHosts",
    ],
)
@pytest.mark.parametrize("text", [f"{SECRET}\r\n", f"{SECRET} ${{new", f"https://a:{SECRET}@b/?("])
def test_what_was_pasted_by_mistake_is_not_repeated(place: str, text: str) -> None:
    value: object = [text] if place.endswith("Hosts") else text
    _, faults = read_spec(FILE, text_of(changed({place: value})))

    assert SECRET not in "".join(map(str, faults))
