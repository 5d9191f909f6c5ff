"""What the token service says in unusual ways, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rotator.core.ids import KeyId
from rotator.core.workspace import AccessRole
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    TransientError,
    UnavailableError,
)
from rotator.providers.cipherstash.config import ApiKind, Paths, usual_paths
from rotator.providers.cipherstash.cts import Cts
from tests.adapters.aws.leaks import shown
from tests.adapters.cipherstash.scripted import ACCOUNT, CTS, OWN_ROW, Script, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.providers.cipherstash.listing import AccessKeyListing

AUTHORISE, LIST = "cts:Authorise", "cts:ListAccessKeys"
CREATE, REVOKE = "cts:CreateAccessKey", "cts:RevokeAccessKey"
ONE = KeyId("ONE")
MADE = {"accessKey": "CSAKNEWNEW.newsecret", "role": "member"}


@pytest.fixture
def script() -> Script:
    script = Script()
    script.on(AUTHORISE, (200, script.token()))
    script.on(LIST, (200, [OWN_ROW, row(ONE)]))
    script.on(CREATE, (201, MADE))
    script.on(REVOKE, (200, {"message": "gone"}))
    return script


def listed(script: Script, *rows: object) -> AccessKeyListing:
    script.on(LIST, (200, [OWN_ROW, *rows]))
    return Cts(script.admission()).access_keys()


def create(script: Script) -> RotatorError:
    """Try to make a key, and return what is raised instead."""
    with pytest.raises(RotatorError) as caught:
        Cts(script.admission()).create("ci", AccessRole.MEMBER)
    assert "newsecret" not in shown(caught.value)
    return caught.value


def revoke(script: Script) -> RotatorError:
    with pytest.raises(RotatorError) as caught:
        Cts(script.admission()).revoke("name-of-ONE")
    return caught.value


def test_a_listing_is_read_with_the_services_time(script: Script) -> None:
    listing = Cts(script.admission()).access_keys()
    key = listing.rows[1].key

    assert listing.provider_time == script.clock.now()
    assert (key.key_id, key.name, key.role) == (ONE, "name-of-ONE", None)
    assert key.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert script.sent[-1].url == f"{CTS}/api/access-keys"


@pytest.mark.parametrize("spelling", ["ONE", "CSAKONE", "CS|CSAKONE"])
def test_ids_are_the_same_with_and_without_prefix(script: Script, spelling: str) -> None:
    assert listed(script, row(spelling)).find(ONE) is not None


def test_fields_that_we_do_not_know_are_left_alone(script: Script) -> None:
    assert listed(script, row("ONE", createdBy={"id": 1}, expiresAt=None)).find(ONE) is not None


@pytest.mark.parametrize("told", ["member", "Member", "MEMBER"])
def test_a_role_is_read_in_any_case(script: Script, told: str) -> None:
    found = listed(script, row("ONE", role=told)).find(ONE)

    assert found is not None
    assert found.key.role is AccessRole.MEMBER
    assert found.strange_role == ""


@pytest.mark.parametrize("told", ["owner", 7, ["admin"]])
def test_a_role_that_we_do_not_know_is_remembered_as_strange(script: Script, told: object) -> None:
    found = listed(script, row("ONE", role=told)).find(ONE)

    assert found is not None
    assert found.key.role is None
    assert found.strange_role


def test_keys_of_other_workspaces_are_left_out(script: Script) -> None:
    foreign = row("ONE", workspaceId="ZZZZZZZZZZZZZZZZ")

    assert [item.key.key_id for item in listed(script, foreign, row("TWO")).rows] == [
        "ADMINADMIN",
        "TWO",
    ]


def test_a_row_need_not_name_its_workspace(script: Script) -> None:
    assert listed(script, row("ONE", workspaceId=...)).find(ONE) is not None


@pytest.mark.parametrize(
    "odd",
    [
        "a row",
        row(""),
        row("ONE", keyId=7),
        row("ONE", keyName=...),
        row("ONE", keyName=""),
        row("ONE", createdAt=...),
        row("ONE", createdAt="2026-01-01T00:00:00"),
        row("ONE", createdAt=1767225600),
        row("ONE", lastUsedAt="yesterday"),
        row("ONE", lastUsedAt=1767225600),
    ],
)
def test_one_row_that_cannot_be_read_spoils_the_listing(script: Script, odd: object) -> None:
    with pytest.raises(RejectedError) as caught:
        listed(script, odd)

    assert caught.value.code == "listing_unclear"


@pytest.mark.parametrize("body", ['{"keys": []}', "null", '"none"'])
def test_a_body_that_is_no_list_is_not_no_keys(script: Script, body: str) -> None:
    script.on(LIST, (200, body))
    with pytest.raises(RejectedError) as caught:
        Cts(script.admission()).access_keys()

    assert caught.value.code == "listing_unclear"


@pytest.mark.parametrize("body", ["", "<html>"])
def test_a_body_that_is_no_json_is_not_no_keys(script: Script, body: str) -> None:
    script.on(LIST, (200, body))
    with pytest.raises(RejectedError) as caught:
        Cts(script.admission()).access_keys()

    assert caught.value.code == "not_json"


def test_an_empty_body_is_no_keys_at_the_legacy_console(script: Script) -> None:
    script.on(LIST, (200, " "))
    script.on(AUTHORISE, (200, {"accessToken": "opaque"}))
    admission = script.admission(kind=ApiKind.LEGACY, paths=usual_paths(ApiKind.LEGACY))

    assert Cts(admission).access_keys().rows == ()
    assert script.sent[-1].url == f"https://console.cipherstash.com/api/access-keys/{ACCOUNT}"


def test_a_listing_without_the_services_time_is_no_evidence(script: Script) -> None:
    script.tells_time = False
    with pytest.raises(UnavailableError) as caught:
        Cts(script.admission()).access_keys()

    assert caught.value.code == "time_unknown"


def test_a_listing_without_our_own_key_is_no_evidence_and_we_enter_anew(script: Script) -> None:
    script.on(LIST, (200, [row(ONE)]), (200, [OWN_ROW, row(ONE)]))
    cts = Cts(script.admission())
    with pytest.raises(UnavailableError) as caught:
        cts.access_keys()

    assert caught.value.code == "listing_incomplete"
    assert len(cts.access_keys().rows) == 2
    assert script.count(AUTHORISE) == 2


def test_our_own_key_may_be_missing_where_the_settings_say_that_it_is_never_listed(
    script: Script,
) -> None:
    script.on(LIST, (200, [row(ONE)]))
    with pytest.raises(UnavailableError) as caught:
        Cts(script.admission()).access_keys()
    assert "cipherstash.workspaces[].api.listsOwnKey" in caught.value.hint

    listing = Cts(script.admission(lists_own_key=False)).access_keys()
    assert [item.key.key_id for item in listing.rows] == [ONE]


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_listing_that_is_no_longer_there_is_not_a_principal_that_is_gone(
    script: Script, status: int
) -> None:
    script.on(LIST, (status, ""))
    with pytest.raises(RejectedError) as caught:
        Cts(script.admission()).access_keys()

    assert caught.value.code == "api_changed"


def test_a_row_that_names_no_workspace_is_one_of_ours(script: Script) -> None:
    assert listed(script, row(ONE, workspaceId=None)).find(ONE) is not None


def test_never_used_is_what_the_listing_says(script: Script) -> None:
    listing = listed(script, row(ONE, lastUsedAt=None))

    assert listing.last_use(listing.rows[1]) is None


def test_a_missing_field_is_never_used_only_where_others_tell_of_uses(script: Script) -> None:
    telling = listed(script, row(ONE, lastUsedAt=...))
    assert telling.last_use(telling.rows[1]) is None

    silent_own = {name: value for name, value in OWN_ROW.items() if name != "lastUsedAt"}
    script.on(LIST, (200, [silent_own, row(ONE, lastUsedAt=...)]))
    silent = Cts(script.admission()).access_keys()
    with pytest.raises(RejectedError) as caught:
        silent.last_use(silent.rows[1])

    assert caught.value.code == "use_unclear"


def test_a_mint_is_one_request(script: Script) -> None:
    minted = Cts(script.admission()).create("ci", AccessRole.MEMBER)
    sent = script.sent[-1]

    assert (sent.method, sent.url) == ("POST", f"{CTS}/api/access-keys")
    assert sent.body == {"keyName": "ci", "workspaceId": ACCOUNT, "role": "member"}
    assert sent.is_change
    assert script.count(CREATE) == 1
    assert minted.material.key_id == "NEWNEW"
    assert minted.material.secret.reveal() == "CSAKNEWNEW.newsecret"
    assert minted.created_at == script.clock.now()


def test_a_birth_is_when_the_service_says(script: Script) -> None:
    script.on(CREATE, (200, {**MADE, "createdAt": "2025-12-31T23:59:58Z"}))
    told = Cts(script.admission()).create("ci", AccessRole.MEMBER)
    assert told.created_at == datetime(2025, 12, 31, 23, 59, 58, tzinfo=UTC)

    script.on(CREATE, (200, MADE))
    script.tells_time = False
    silent = Cts(script.admission()).create("ci", AccessRole.MEMBER)
    assert silent.created_at == script.clock.now()


def test_a_mint_at_the_legacy_console_has_no_role_and_answers_a_bare_key(script: Script) -> None:
    script.on(CREATE, (200, "CSAKNEWNEW.newsecret\n"))
    script.on(AUTHORISE, (200, {"accessToken": "opaque"}))
    admission = script.admission(kind=ApiKind.LEGACY, paths=usual_paths(ApiKind.LEGACY))
    minted = Cts(admission).create("ci", None)

    assert minted.material.secret.reveal() == "CSAKNEWNEW.newsecret"
    assert script.sent[-1].url == "https://console.cipherstash.com/api/access-key"
    assert script.sent[-1].body == {"keyName": "ci", "workspaceId": ACCOUNT}


@pytest.mark.parametrize(
    "body",
    [
        "",
        '"CSAKNEWNEW.newsecret"',
        {"message": "made"},
        {"accessKey": None},
        {"accessKey": "CSAKNEWNEW"},
        {"accessKey": "CSAKNEWNEW.newsecret "},
        '{"accessKey": "CSAKNEWNEW.newsec',
    ],
)
def test_a_key_that_cannot_be_read_was_made_and_must_be_looked_for(
    script: Script, body: object
) -> None:
    script.on(CREATE, (200, body))

    assert isinstance(create(script), OutcomeUnknownError)
    assert script.count(CREATE) == 1


@pytest.mark.parametrize("role", ["admin", "control", "owner", 7])
def test_a_key_of_another_role_is_revoked_at_once_and_refused(script: Script, role: object) -> None:
    script.on(CREATE, (200, {**MADE, "role": role}))
    error = create(script)

    assert isinstance(error, RejectedError)
    assert error.code == "wrong_role"
    assert script.sent[-1].method == "DELETE"
    assert script.sent[-1].body == {"keyName": "ci", "workspaceId": ACCOUNT}


def test_a_key_of_another_role_that_is_gone_already_is_refused(script: Script) -> None:
    script.on(CREATE, (200, {**MADE, "role": "admin"}))
    script.on(REVOKE, (404, "no such key"))

    assert isinstance(create(script), RejectedError)


@pytest.mark.parametrize(
    "failure",
    [(503, "down"), (403, "no"), (405, "moved"), UnavailableError("nobody"), (401, "expired")],
)
def test_a_key_of_another_role_that_cannot_be_taken_back_must_be_looked_for(
    script: Script, failure: tuple[int, object] | Exception
) -> None:
    script.on(CREATE, (200, {**MADE, "role": "admin"}))
    script.on(REVOKE, failure)
    error = create(script)

    assert isinstance(error, OutcomeUnknownError)
    assert error.code == "wrong_role"


@pytest.mark.parametrize("told", [{}, {"role": None}, {"role": "Member"}])
def test_a_role_that_is_not_told_or_is_the_same_is_no_reason(
    script: Script, told: dict[str, object]
) -> None:
    script.on(CREATE, (200, {"accessKey": "CSAKNEWNEW.newsecret", **told}))

    assert Cts(script.admission()).create("ci", AccessRole.MEMBER).material.key_id == "NEWNEW"


def test_a_taken_name_is_told_apart_from_other_conflicts_by_looking(script: Script) -> None:
    script.on(CREATE, (409, "exists"))
    assert create(script).code == "name_taken"

    script.on(CREATE, (400, "exists"))
    script.on(LIST, (200, [OWN_ROW, row(ONE, "ci")]))
    assert create(script).code == "name_taken"

    script.on(LIST, (200, [OWN_ROW]))
    assert create(script).code == "bad_request"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, TransientError, "token_refused"),
        (402, TransientError, "payment_required"),
        (403, AccessDeniedError, "forbidden"),
        (404, RejectedError, "api_changed"),
        (405, RejectedError, "api_changed"),
        (422, RejectedError, "bad_request"),
        (429, TransientError, "throttled"),
        (500, OutcomeUnknownError, "status_500"),
        (503, OutcomeUnknownError, "status_503"),
    ],
)
def test_every_status_of_a_mint_means_one_thing(
    script: Script, status: int, kind: type[RotatorError], code: str
) -> None:
    script.on(CREATE, (status, "newsecret"))
    error = create(script)

    assert isinstance(error, kind)
    assert error.code == code
    assert script.count(CREATE) == 1


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (402, TransientError, "payment_required"),
        (403, AccessDeniedError, "forbidden"),
        (405, RejectedError, "api_changed"),
        (429, TransientError, "throttled"),
        (500, OutcomeUnknownError, "status_500"),
    ],
)
def test_every_status_of_a_revocation_means_one_thing(
    script: Script, status: int, kind: type[RotatorError], code: str
) -> None:
    script.on(REVOKE, (status, ""))
    error = revoke(script)

    assert isinstance(error, kind)
    assert error.code == code


@pytest.mark.parametrize("body", ["", {}, {"message": "gone"}, "gone"])
def test_a_revocation_need_not_say_anything(script: Script, body: object) -> None:
    script.on(REVOKE, (200, body))
    Cts(script.admission()).revoke("name-of-ONE")

    sent = script.sent[-1]
    assert (sent.method, sent.url) == ("DELETE", f"{CTS}/api/access-key")
    assert sent.body == {"keyName": "name-of-ONE", "workspaceId": ACCOUNT}


def test_a_name_that_is_found_nowhere_is_not_found(script: Script) -> None:
    script.on(REVOKE, (404, ""))
    script.on(LIST, (200, [OWN_ROW]))

    assert isinstance(revoke(script), NotFoundError)


def test_a_name_that_is_listed_and_not_found_may_be_a_path_that_moved(script: Script) -> None:
    script.on(REVOKE, (404, ""))
    error = revoke(script)

    assert isinstance(error, UnavailableError)
    assert error.code == "still_listed"
    assert "the API may have changed" in str(error)
    assert "cipherstash.workspaces[].api.paths.revokeAccessKey" in error.hint


@pytest.mark.parametrize(
    ("operation", "setting"),
    [(LIST, "listAccessKeys"), (CREATE, "createAccessKey"), (REVOKE, "revokeAccessKey")],
)
def test_a_verb_that_is_not_taken_names_the_paths_setting(
    script: Script, operation: str, setting: str
) -> None:
    script.on(operation, (405, ""))
    cts = Cts(script.admission())
    calls: dict[str, Callable[[], object]] = {
        LIST: cts.access_keys,
        CREATE: lambda: cts.create("ci", AccessRole.MEMBER),
        REVOKE: lambda: cts.revoke("ci"),
    }
    with pytest.raises(RejectedError) as caught:
        calls[operation]()

    assert caught.value.code == "api_changed"
    assert f"cipherstash.workspaces[].api.paths.{setting}" in caught.value.hint


def test_every_path_is_a_setting(script: Script) -> None:
    paths = Paths(
        list_access_keys="/v2/{workspace}/keys",
        create_access_key="/v2/keys",
        revoke_access_key="/v2/keys/end",
    )
    cts = Cts(script.admission(paths=paths))
    cts.access_keys()
    cts.create("ci", AccessRole.MEMBER)
    cts.revoke("ci")

    assert [sent.url.removeprefix(CTS) for sent in script.sent[1:]] == [
        f"/v2/{ACCOUNT}/keys",
        "/v2/keys",
        "/v2/keys/end",
    ]
