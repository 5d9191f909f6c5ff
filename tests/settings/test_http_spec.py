from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_limits import RateLimit, RateUnit
from rotator.core.secret import Secret
from rotator.providers.http.selectors import ABSENT, pick
from rotator.providers.http.spec import AuthKind, BodyKind, EvidenceKind, PageKind
from rotator.providers.http.templates import Namespace, fill, fill_path, fill_text, fill_tree
from rotator.settings.http_spec import read_spec
from tests.settings.specs import FILE, REMOVED, changed, spec_with, text_of

if TYPE_CHECKING:
    from rotator.providers.http.templates import Values

TOKEN = {
    "type": "token_exchange",
    "request": {
        "method": "POST",
        "path": "/token",
        "json": {"key": "${creds.admin}"},
    },
    "expect": {"status": [200, 201]},
    "token": "data.token",
    "expiresIn": "data.ttl",
    "headers": {"Authorization": "Token ${session.token}"},
}
OAUTH2 = {
    "type": "oauth2_client_credentials",
    "tokenUrl": "https://login.example.com/${params.user}/token",
    "clientId": "robot",
    "clientSecret": "${creds.admin}",
    "scope": "api",
}


def test_a_spec_says_what_is_asked_and_what_answers_mean() -> None:
    spec = spec_with({})

    assert (spec.file, spec.name, spec.title) == (FILE, "example-token", "Example API token")
    assert spec.base_url is not None
    assert spec.base_url.text == "https://api.example.com/v1"
    assert spec.credentials == {"admin": "may make tokens"}
    assert spec.listing.items.text == "data"
    assert spec.listing.pagination.kind is PageKind.CURSOR
    assert spec.listing.pagination.next is not None
    assert spec.creation.operation.request.body_kind is BodyKind.JSON
    assert spec.creation.operation.expect.statuses == {201}
    assert spec.verification.rejected == {401, 403}
    assert spec.verification.operation.expect.statuses == {200}
    assert [step.request.method for step in spec.revocation] == ["DELETE"]
    assert (spec.is_dated, spec.secret_by_us, spec.max_keys) == (True, False, None)
    assert spec.principal is None


def test_what_is_not_written_has_safe_defaults() -> None:
    spec = spec_with({})

    assert spec.evidence.kind is EvidenceKind.UNVERIFIED
    assert spec.network.allow_hosts == frozenset()
    assert (spec.network.max_response_bytes, spec.network.max_pages) == (1 << 20, 200)
    assert spec.propagation.create == timedelta(seconds=10)
    assert spec.propagation.revoke == timedelta(minutes=1)
    assert spec.rate_limit == RateLimit()
    assert spec.longest_name == 255


def test_the_answer_to_a_creation_is_read_as_a_listed_key_but_where_it_differs() -> None:
    spec = spec_with({"operations.create.key.createdAt": {"path": "at", "time": "epoch"}})
    answer = {"id": 7, "note": "ci", "token": "t", "at": 0, "scopes": ["a"]}

    read = {name: pick(item, answer) for name, item in spec.creation.key.items()}

    assert (read["id"], read["name"], read["secret"]) == (7, "ci", "t")
    assert str(read["createdAt"]).startswith("1970-01-01")
    assert read["expiresAt"] is ABSENT
    assert "secret" not in spec.listing.key


def test_every_part_knows_its_line() -> None:
    text = text_of(changed({}))
    lines = text.splitlines()
    spec, _ = read_spec(FILE, text)
    assert spec is not None
    places = [
        spec.listing.operation.place,
        spec.listing.pagination.place,
        spec.creation.operation.place,
        spec.revocation[0].place,
        spec.verification.auth.place,
        spec.verification.operation.expect.conditions[0].place,
        spec.listing.key["id"].place,
        spec.listing.key["level"].place,
        spec.creation.key["secret"].place,
    ]

    assert [(place.field, lines[place.line - 1].strip()) for place in places] == [
        ("operations.list.request.path", "path: /users/${params.user}/tokens"),
        ("operations.list.paginate", "paginate:"),
        ("operations.create.request.path", "path: /users/${params.user}/tokens"),
        ("operations.revoke.steps[0].request.path", "path: /tokens/${key.id}"),
        ("operations.verify.auth", "auth:"),
        ("operations.verify.expect.assert", "assert:"),
        ("key.id", "id: id"),
        ("key.extra.level", "level: access_level"),
        ("operations.create.key.secret", "secret: token"),
    ]


@pytest.mark.parametrize(
    ("condition", "shows"),
    [
        ({"path": "id", "equals": "${key.id}"}, True),
        ({"path": "name", "startsWith": "${key.name}"}, True),
        ([{"path": "id", "oneOf": ["x", "${key.id}"]}], True),
        ({"path": "valid", "equals": True}, False),
        ({"path": "user", "equals": "${params.user}"}, False),
        ({"path": "user", "exists": True}, False),
    ],
)
def test_only_a_condition_on_the_keys_own_id_or_name_shows_whose_it_is(
    condition: object, shows: object
) -> None:
    spec = spec_with({"operations.verify.expect.assert": condition})

    assert spec.verification.shows_whose is shows


def test_a_token_is_exchanged_for_a_credential() -> None:
    spec = spec_with({"auth": TOKEN})

    assert spec.auth.kind is AuthKind.TOKEN_EXCHANGE
    assert spec.auth.exchange is not None
    assert spec.auth.exchange.name == "auth"
    assert spec.auth.exchange.expect.statuses == {200, 201}
    assert (spec.auth.token, spec.auth.expires_in) != (None, None)


@pytest.mark.parametrize("client_auth", ["body", "basic"])
def test_oauth2_is_written_out_as_an_exchange(client_auth: str) -> None:
    changes = {
        "auth": OAUTH2 | {"clientAuth": client_auth},
        "network.allowHosts": ["login.example.com"],
    }
    auth = spec_with(changes).auth
    values: Values = {
        Namespace.PARAMS: {"user": "a/b"},
        Namespace.CREDS: {"admin": Secret("s")},
        Namespace.SESSION: {"token": Secret("t")},
    }

    assert auth.exchange is not None
    request = auth.exchange.request
    body = fill_tree(request.body, values)
    assert request.base_url is not None
    assert request.base_url.text == "https://login.example.com"
    assert fill_path(request.path, values) == "/a%2Fb/token"
    assert isinstance(body, dict)
    if client_auth == "body":
        assert list(body) == ["grant_type", "client_id", "client_secret", "scope"]
        assert auth.username is None
    else:
        assert body == {"grant_type": "client_credentials", "scope": "api"}
        assert auth.username is not None
        assert auth.password is not None
    header = fill_text(auth.headers["Authorization"], values)
    assert isinstance(header, Secret)
    assert header.reveal() == "Bearer t"


@pytest.mark.parametrize("url", ["https://api.example.com", "https://${params.user}.example.com"])
def test_a_token_url_without_a_path_asks_the_root(url: str) -> None:
    bare = {name: value for name, value in OAUTH2.items() if name != "scope"}
    exchange = spec_with({"auth": bare | {"tokenUrl": url}}).auth.exchange

    assert exchange is not None
    assert exchange.request.path.text == "/"


def test_basic_authentication_and_none_are_known() -> None:
    basic = {"type": "basic", "username": "${params.user}", "password": "${creds.admin}"}

    assert spec_with({"auth": basic}).auth.password is not None
    nobody = {"auth": {"type": "none"}, "credentials": REMOVED}
    assert spec_with(nobody).auth.kind is AuthKind.NONE


FULL: dict[str, object] = {
    "evidence": {"kind": "live-server", "source": "Example 1.2"},
    "params": {
        "user": {"description": "whose"},
        "teams": {"type": "list", "description": "which", "pattern": "[a-z]+", "default": ["a"]},
        "rules": {"type": "json", "description": "what", "default": {"a": [1, {"b": True}]}},
        "level": {"type": "integer", "description": "how high", "default": 3},
        "loud": {"type": "boolean", "description": "how loud", "default": False},
    },
    "headers": {"Accept": "application/json"},
    "network": {
        "allowHosts": ["login.example.com"],
        "timeouts": {"connect": "2s", "read": "3s", "total": "4s"},
        "maxResponseBytes": 4096,
        "maxPages": 3,
        "maxItems": 30,
    },
    "rateLimit": {
        "retryAfter": {"header": "X-Retry-After", "unit": "epoch"},
        "remaining": "X-Left",
        "reset": {"header": "X-Reset"},
        "maxPerSecond": 5,
    },
    "propagation": {"create": "1s", "revoke": "2s", "lastUsed": "3s", "request": "4s"},
    "names": {"longest": 64},
    "maxActiveKeys": 2,
    "secretForm": {"prefix": "ex_", "length": 40, "minLength": 40, "alphabet": "abcdef"},
    "accessDenied": "Ask an owner.",
    "operations.preflight": {
        "request": {"path": "/me"},
        "expect": {"assert": {"path": "admin", "equals": True}},
    },
    "operations.own": {"request": {"path": "/me"}, "id": "token_id"},
    "operations.list.where": [{"path": "kind", "oneOf": ["api", "${params.user}"]}],
    "operations.list.detail": {
        "id": "@",
        "request": {"path": "/tokens/${item.id}", "query": {"full": True}},
        "item": "data",
    },
    "operations.create.request.json.rules": "${params.rules}",
    "operations.create.request.json.loud": ["${params.loud}", "${params.level}", None],
    "operations.create.request.query": {"teams": "${params.teams|join:,}"},
    "operations.create.quota": {
        "status": [403],
        "assert": [{"path": "code", "startsWith": "limit"}],
    },
    "operations.disable": {
        "request": {"method": "POST", "path": "/tokens/${key.id}/off"},
        "expect": {"status": [200, 409]},
    },
    "operations.enable": {
        "request": {"method": "POST", "path": "/tokens/on", "form": {"id": "${key.id}", "n": 1}}
    },
    "operations.usage": {
        "request": {"path": "/tokens/${key.id}/usage"},
        "count": "n",
        "lastAddress": "ip",
        "lastUserAgent": {"path": "agent", "regex": "^([^/]+)"},
    },
}


def test_every_part_of_the_language_arrives() -> None:
    spec = spec_with(FULL)

    assert spec.evidence.source == "Example 1.2"
    assert spec.params["teams"].default == ["a"]
    assert spec.params["teams"].pattern == "[a-z]+"
    assert spec.params["rules"].default == {"a": [1, {"b": True}]}
    assert spec.network.allow_hosts == {"login.example.com"}
    assert (spec.network.connect_seconds, spec.network.total_seconds) == (2, 4)
    assert spec.rate_limit.retry_after_unit is RateUnit.EPOCH
    assert (spec.rate_limit.remaining, spec.rate_limit.reset) == ("X-Left", "X-Reset")
    assert spec.propagation.last_used == timedelta(seconds=3)
    assert (spec.longest_name, spec.max_keys) == (64, 2)
    assert (spec.secret_form.prefix, spec.secret_form.length) == ("ex_", 40)
    assert spec.access_denied == "Ask an owner."
    assert spec.preflight is not None
    assert spec.own is not None
    assert spec.listing.detail is not None
    assert spec.listing.detail.item.text == "data"
    assert len(spec.listing.where) == 1
    assert spec.creation.quota is not None
    assert spec.disabling is not None
    assert spec.enabling is not None
    assert spec.enabling.request.body_kind is BodyKind.FORM
    assert spec.usage is not None
    assert list(spec.usage.fields) == ["count", "lastAddress", "lastUserAgent"]


def test_json_keeps_its_types() -> None:
    spec = spec_with(FULL)
    values: Values = {
        Namespace.PARAMS: {"rules": {"a": [1]}, "loud": False, "level": 3},
        Namespace.NEW: {"name": "ci", "ttl": timedelta(days=1)},
    }

    assert fill_tree(spec.creation.operation.request.body, values) == {
        "note": "ci",
        "expires_in": 86_400,
        "rules": {"a": [1]},
        "loud": [False, 3, None],
    }


def test_a_key_without_a_name_belongs_to_the_accounts_principal() -> None:
    changes = {
        "principal": "${params.user}",
        "key.name": REMOVED,
        "operations.create.request.json.note": "made by rotator",
    }
    principal = spec_with(changes).principal

    assert principal is not None
    assert fill(principal, {Namespace.PARAMS: {"user": "robot"}}) == "robot"


def test_a_secret_may_be_chosen_by_us() -> None:
    changes = {
        "secretBy": "client",
        "operations.create.key": REMOVED,
        "operations.create.request.json.secret": "${new.secret}",
    }

    assert spec_with(changes).secret_by_us


def test_a_key_may_end_by_itself_in_a_step_that_holds_it() -> None:
    step = {"method": "DELETE", "path": "/tokens/${key.secret}", "holdsSecret": True}
    spec = spec_with({"operations.revoke.steps.0.request": step, "key.secret": "token"})

    assert spec.revocation[0].request.holds_secret
    assert "secret" in spec.listing.key


def test_the_secret_may_stand_in_the_body_of_verify() -> None:
    changes = {
        "operations.verify.auth": {"type": "none"},
        "operations.verify.request": {
            "method": "POST",
            "path": "/login",
            "json": {"secret": "${key.secret}"},
        },
    }

    assert spec_with(changes).verification.auth.kind is AuthKind.NONE
