"""Calls of ZeroKMS: what is sent, what each status means, and what is never assumed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rotator.core.ids import Instant, KeyId
from rotator.errors import (
    AccessDeniedError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    ThrottledError,
    TransientError,
    UnavailableError,
)
from rotator.providers.cipherstash.config import KeysetReference
from rotator.providers.cipherstash.zerokms import ZeroKms
from rotator.simulators.cipherstash.shapes import FaultKind
from tests.adapters.cipherstash.scripted import REGION, Script

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cipherstash.service import Service

BASE = f"https://{REGION}.zerokms.cipherstashmanaged.net"
CLIENT = KeyId("c0ffee00-0000-4000-8000-000000000001")
KEY = b64encode(b"\xa4key").decode()
MADE = {"id": CLIENT, "dataset_id": "k-1", "name": "api", "client_key": KEY}
ELSEWHERE = {**MADE, "dataset_id": "k-9"}
LISTED = {"id": CLIENT, "name": "api", "dataset_id": "k-1", "keyset_ids": ["k-1", "k-2"]}
RECORD = "Not Found: no record found with id="


@pytest.fixture
def script() -> Script:
    made = Script()
    made.on("cts:Authorise", (200, made.token()))
    return made


def zerokms(script: Script, **config: Any) -> ZeroKms:  # noqa: ANN401 - as the script takes it
    return ZeroKms(script.admission(**config))


def soon(script: Script) -> Instant:
    return Instant(script.clock.now() + timedelta(seconds=60))


CHANGES: dict[str, Callable[[ZeroKms, Instant], object]] = {
    "CreateClient": lambda kms, at: kms.create_client("api", "d", "k-1", not_after=at),
    "DeleteClient": lambda kms, at: kms.delete_client(CLIENT, not_after=at),
    "CreateKeyset": lambda kms, _: kms.create_keyset("tenant", "d"),
    "GrantKeyset": lambda kms, at: kms.grant(CLIENT, "k-1", not_after=at),
    "RevokeKeyset": lambda kms, at: kms.revoke(CLIENT, "k-1", not_after=at),
    "EnableKeyset": lambda kms, _: kms.enable_keyset("k-1"),
    "DisableKeyset": lambda kms, _: kms.disable_keyset("k-1"),
}
READINGS: dict[str, Callable[[ZeroKms, Instant], object]] = {
    "ListClients": lambda kms, _: kms.clients(),
    "ListKeysets": lambda kms, _: kms.keysets(),
    "LoadKeyset": lambda kms, _: kms.loaded_keyset(CLIENT),
}
CALLS = {**CHANGES, **READINGS}


def call(script: Script, name: str) -> object:
    return CALLS[name](zerokms(script), soon(script))


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("ListClients", "list-clients", {}),
        ("ListKeysets", "list-keysets", {"show_disabled": True}),
        ("LoadKeyset", "load-keyset", {"client_id": CLIENT, "keyset_id": None}),
        (
            "CreateClient",
            "create-client",
            {"name": "api", "description": "d", "keyset_id": {"Uuid": "k-1"}},
        ),
        ("DeleteClient", "delete-client", {"client_id": CLIENT}),
        ("CreateKeyset", "create-keyset", {"name": "tenant", "description": "d"}),
        ("GrantKeyset", "grant-keyset", {"client_id": CLIENT, "keyset_id": {"Uuid": "k-1"}}),
        ("RevokeKeyset", "revoke-keyset", {"client_id": CLIENT, "keyset_id": {"Uuid": "k-1"}}),
        ("EnableKeyset", "enable-keyset", {"keyset_id": {"Uuid": "k-1"}}),
        ("DisableKeyset", "disable-keyset", {"keyset_id": {"Uuid": "k-1"}}),
    ],
)
def test_each_call_is_the_documented_post(
    script: Script, name: str, path: str, body: dict[str, object]
) -> None:
    answers: dict[str, object] = {
        "ListClients": [],
        "ListKeysets": [],
        "LoadKeyset": {"dataset": {"id": "k-1"}},
        "CreateClient": MADE,
        "CreateKeyset": {"id": "k-9", "name": "tenant"},
    }
    script.on(f"zerokms:{name}", (200, answers.get(name, {})))
    call(script, name)
    sent = script.sent[-1]
    assert (sent.method, sent.url, sent.body) == ("POST", f"{BASE}/{path}", body)
    assert sent.bearer.startswith("Bearer ")
    assert sent.is_change == (name in CHANGES)


def test_a_keyset_is_written_plainly_where_the_settings_say_so(script: Script) -> None:
    script.on("zerokms:GrantKeyset", (200, {}))
    kms = zerokms(script, keyset_reference=KeysetReference.PLAIN)
    kms.grant(CLIENT, "k-1", not_after=soon(script))
    assert script.sent[-1].body == {"client_id": CLIENT, "keyset_id": "k-1"}


def test_calls_go_where_the_settings_say_before_the_token_is_asked(script: Script) -> None:
    script.on("zerokms:ListKeysets", (200, []))
    zerokms(script, zerokms_url="https://kms.example/base/").keysets()
    assert script.sent[-1].url == "https://kms.example/base/list-keysets"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, RejectedError, "bad_request"),
        (402, TransientError, "payment_required"),
        (403, AccessDeniedError, "forbidden"),
        (405, RejectedError, "api_changed"),
        (410, RejectedError, "api_changed"),
        (429, ThrottledError, "throttled"),
    ],
)
def test_a_refusal_is_told_by_its_class(
    script: Script, name: str, status: int, kind: type[RotatorError], code: str
) -> None:
    script.on(f"zerokms:{name}", (status, "planted words"))
    with pytest.raises(kind) as caught:
        call(script, name)
    assert caught.value.code == code
    assert "planted" not in caught.value.diagnostics()
    assert not isinstance(caught.value, OutcomeUnknownError)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failing_server_leaves_a_change_open(script: Script, name: str, status: int) -> None:
    script.on(f"zerokms:{name}", (status, ""))
    with pytest.raises(OutcomeUnknownError):
        call(script, name)
    assert script.count(f"zerokms:{name}") == 1


@pytest.mark.parametrize("name", READINGS)
def test_a_failing_server_is_unavailable_to_a_reading(script: Script, name: str) -> None:
    script.on(f"zerokms:{name}", (503, ""))
    with pytest.raises(UnavailableError):
        call(script, name)


def test_an_api_that_has_changed_names_the_setting(script: Script) -> None:
    for name in ("ListClients", "ListKeysets", "CreateKeyset"):
        script.on(f"zerokms:{name}", (404, ""))
        with pytest.raises(RejectedError, match="the API may have changed") as caught:
            call(script, name)
        assert caught.value.code == "api_changed"
        assert "cipherstash.workspaces[].api.zerokmsUrl" in caught.value.hint


@pytest.mark.parametrize("name", READINGS)
@pytest.mark.parametrize("body", ["", "no json", "{", [{"id": 7}], {"dataset": 7}])
def test_a_listing_in_another_shape_is_refused_and_never_empty(
    script: Script, name: str, body: object
) -> None:
    script.on(f"zerokms:{name}", (200, body))
    with pytest.raises(RejectedError) as caught:
        call(script, name)
    assert caught.value.code in {"not_json", "unexpected_shape"}


def test_an_older_service_is_asked_in_its_own_way(script: Script) -> None:
    script.on("zerokms:ListClients", (422, "expected unit struct"), (200, [LISTED]))
    listing = zerokms(script).clients()
    assert [sent.body for sent in script.sent[1:]] == [{}, None]
    assert listing.find(CLIENT) is not None
    assert listing.find(KeyId("another")) is None


def test_the_field_that_tells_all_keysets_can_be_set(script: Script) -> None:
    script.on("zerokms:ListClients", (200, [{**LISTED, "reach": ["k-7"]}]))
    row = zerokms(script, client_keysets_field="reach").clients().find(CLIENT)
    assert row is not None
    assert row.client.grants == frozenset({"k-7"})


def test_a_listing_without_the_services_time_is_refused(script: Script) -> None:
    script.on("zerokms:ListClients", (200, [LISTED]))
    kms = zerokms(script)
    script.tells_time = False
    with pytest.raises(RejectedError) as caught:
        kms.clients()
    assert caught.value.code == "no_time"


def test_a_keyset_that_cannot_be_loaded_is_none_and_not_an_error(script: Script) -> None:
    script.on("zerokms:LoadKeyset", (404, RECORD + "k-1"))
    assert zerokms(script).loaded_keyset(CLIENT, "k-1") is None
    assert script.sent[-1].body == {"client_id": CLIENT, "keyset_id": {"Uuid": "k-1"}}


def test_a_new_client_comes_with_its_key_in_hexadecimal_digits(script: Script) -> None:
    script.ahead = timedelta(hours=1)
    script.on("zerokms:CreateClient", (201, MADE))
    minted = zerokms(script).create_client("api", "d", "k-1", not_after=soon(script))
    assert minted.material.key_id == CLIENT
    assert minted.material.secret.reveal() == b"\xa4key".hex()
    assert minted.created_at == script.clock.now() + timedelta(hours=1)
    assert KEY not in repr(minted)


def test_without_a_keyset_the_service_takes_the_default_one(script: Script) -> None:
    script.on("zerokms:CreateClient", (200, MADE))
    zerokms(script).create_client("api", "d", None)
    assert script.sent[-1].body == {"name": "api", "description": "d"}


def test_a_birth_without_a_date_is_now(script: Script) -> None:
    script.on("zerokms:CreateClient", (200, MADE))
    kms = zerokms(script)
    script.tells_time = False
    minted = kms.create_client("api", "d", "k-1", not_after=soon(script))
    assert minted.created_at == script.clock.now()


@pytest.mark.parametrize(
    "body",
    [
        "",
        [],
        {"id": CLIENT},
        {**MADE, "client_key": ""},
        {**MADE, "client_key": None},
        {**MADE, "client_key": "abc"},
        {**MADE, "client_key": "schlüssel"},
        {**MADE, "id": ""},
        {**MADE, "id": 7},
    ],
)
def test_a_client_whose_key_cannot_be_read_is_looked_for_and_never_forgotten(
    script: Script, body: object
) -> None:
    script.on("zerokms:CreateClient", (200, body))
    with pytest.raises(OutcomeUnknownError) as caught:
        call(script, "CreateClient")
    assert KEY not in caught.value.diagnostics()
    assert caught.value.__cause__ is None


class TestAClientBoundToAnotherKeyset:
    def test_is_deleted_again_and_says_why(self, script: Script) -> None:
        script.on("zerokms:CreateClient", (200, ELSEWHERE))
        script.on("zerokms:DeleteClient", (200, {}))
        with pytest.raises(RejectedError, match="k-9 instead of k-1; it was deleted") as caught:
            call(script, "CreateClient")
        assert caught.value.code == "wrong_keyset"
        assert script.sent[-1].body == {"client_id": CLIENT}

    def test_is_gone_if_it_is_gone_already(self, script: Script) -> None:
        script.on("zerokms:CreateClient", (200, ELSEWHERE))
        script.on("zerokms:DeleteClient", (404, RECORD + CLIENT))
        with pytest.raises(RejectedError):
            call(script, "CreateClient")

    def test_is_looked_for_if_it_could_not_be_deleted(self, script: Script) -> None:
        script.on("zerokms:CreateClient", (200, ELSEWHERE))
        script.on("zerokms:DeleteClient", (403, ""))
        with pytest.raises(OutcomeUnknownError) as caught:
            call(script, "CreateClient")
        assert caught.value.code == "wrong_keyset"


@pytest.mark.parametrize("body", ["", [], {"id": "k-9"}])
def test_a_keyset_that_cannot_be_read_may_have_been_made(script: Script, body: object) -> None:
    script.on("zerokms:CreateKeyset", (200, body))
    with pytest.raises(OutcomeUnknownError):
        call(script, "CreateKeyset")


def test_a_keysets_name_is_given_once(script: Script) -> None:
    script.on("zerokms:CreateKeyset", (409, "exists"))
    with pytest.raises(RejectedError) as caught:
        call(script, "CreateKeyset")
    assert (caught.value.code, caught.value.subject) == ("name_taken", "tenant")


def test_a_client_for_a_missing_keyset_is_not_made(script: Script) -> None:
    script.on("zerokms:CreateClient", (404, RECORD + "k-1"))
    with pytest.raises(NotFoundError) as caught:
        call(script, "CreateClient")
    assert caught.value.subject == "k-1"


def test_a_grant_of_a_missing_keyset_names_it(script: Script) -> None:
    script.on("zerokms:GrantKeyset", (404, RECORD + "k-1"))
    with pytest.raises(NotFoundError) as caught:
        call(script, "GrantKeyset")
    assert caught.value.subject == "k-1"


def test_a_grant_that_is_there_already_is_no_error(script: Script) -> None:
    script.on("zerokms:GrantKeyset", (409, "Conflict"))
    call(script, "GrantKeyset")


class TestA404OfWhatEndsSomething:
    def test_names_the_client_and_so_it_is_gone(self, script: Script) -> None:
        script.on("zerokms:DeleteClient", (404, RECORD + CLIENT))
        with pytest.raises(NotFoundError):
            call(script, "DeleteClient")
        assert script.count("zerokms:ListClients") == 0

    def test_names_nothing_and_the_client_is_not_listed(self, script: Script) -> None:
        script.on("zerokms:DeleteClient", (404, ""))
        script.on("zerokms:ListClients", (200, []))
        with pytest.raises(NotFoundError):
            call(script, "DeleteClient")

    def test_is_not_believed_while_the_client_is_listed(self, script: Script) -> None:
        script.on("zerokms:DeleteClient", (404, ""))
        script.on("zerokms:ListClients", (200, [LISTED]))
        with pytest.raises(UnavailableError, match="the API may have changed") as caught:
            call(script, "DeleteClient")
        assert caught.value.code == "still_listed"
        assert "api.zerokmsUrl" in caught.value.hint

    def test_is_not_believed_when_it_only_quotes_what_was_sent(self, script: Script) -> None:
        script.on("zerokms:DeleteClient", (404, f'no such path: {{"client_id":"{CLIENT}"}}'))
        script.on("zerokms:ListClients", (200, [LISTED]))
        with pytest.raises(UnavailableError):
            call(script, "DeleteClient")

    @pytest.mark.parametrize("named", ["k-1", CLIENT])
    def test_names_what_a_grant_needs_and_so_there_is_none(
        self, script: Script, named: str
    ) -> None:
        script.on("zerokms:RevokeKeyset", (404, RECORD + named))
        call(script, "RevokeKeyset")
        assert script.count("zerokms:ListClients") == 0

    @pytest.mark.parametrize("rows", [[], [{**LISTED, "keyset_ids": ["k-2"]}]])
    def test_names_nothing_and_the_grant_is_not_listed(
        self, script: Script, rows: list[object]
    ) -> None:
        script.on("zerokms:RevokeKeyset", (404, ""))
        script.on("zerokms:ListClients", (200, rows))
        call(script, "RevokeKeyset")

    @pytest.mark.parametrize("row", [LISTED, {**LISTED, "keyset_ids": None}])
    def test_is_not_believed_while_the_grant_may_be_there(
        self, script: Script, row: dict[str, object]
    ) -> None:
        script.on("zerokms:RevokeKeyset", (404, ""))
        script.on("zerokms:ListClients", (200, [row]))
        with pytest.raises(UnavailableError) as caught:
            call(script, "RevokeKeyset")
        assert caught.value.code == "still_listed"


class TestOnTheWire:
    """The same in front of the simulator."""

    @pytest.mark.parametrize("name", CHANGES)
    def test_a_process_that_only_reads_sends_no_change(self, service: Service, name: str) -> None:
        kms = ZeroKms(service.new_admission(http=service.new_http(read_only=True)))
        with pytest.raises(RejectedError) as caught:
            CHANGES[name](kms, service.soon())
        assert caught.value.code == "read_only"
        assert [one.operation for one in service.calls()] == ["authorise"]

    @pytest.mark.parametrize("name", ["CreateClient", "DeleteClient", "GrantKeyset"])
    def test_nothing_is_sent_too_late(self, service: Service, name: str) -> None:
        with pytest.raises(RotatorError) as caught:
            CHANGES[name](ZeroKms(service.admission), service.past())
        assert caught.value.code == "too_late"
        assert [one.operation for one in service.calls()] == ["authorise"]

    def test_a_reading_is_tried_again_and_a_change_is_not(self, service: Service) -> None:
        kms = ZeroKms(service.admission)
        service.fault(FaultKind.LOSE_ANSWER, "list-keysets")
        assert kms.keysets()
        assert len(service.calls("list-keysets")) == 2
        service.fault(FaultKind.LOSE_ANSWER, "create-keyset")
        with pytest.raises(OutcomeUnknownError):
            kms.create_keyset("tenant-z", "d")
        assert len(service.calls("create-keyset")) == 1
        assert "tenant-z" in {keyset.name for keyset in kms.keysets()}

    def test_an_answer_that_is_cut_leaves_the_mint_open(self, service: Service) -> None:
        service.fault(FaultKind.GARBLE, "create-client")
        with pytest.raises(OutcomeUnknownError):
            ZeroKms(service.admission).create_client("api", "d", service.keyset())
        assert [client.name for client in service.state.clients] == ["api"]

    def test_keysets_are_managed_with_the_control_key_where_there_is_one(
        self, service: Service
    ) -> None:
        config = replace(service.new_config(), control=lambda: service.access_key("the-control"))
        kms = ZeroKms(service.new_admission(config))
        made = kms.create_keyset("tenant-c", "d")
        kms.disable_keyset(made.id)
        assert {keyset.id for keyset in kms.keysets() if keyset.is_disabled} == {made.id}
        kms.enable_keyset(made.id)
        assert {one.role for one in service.calls() if one.operation != "authorise"} == {"control"}

    def test_every_call_is_counted(self, service: Service) -> None:
        kms = ZeroKms(service.admission)
        kms.keysets()
        with service.failing(FaultKind.ACCESS_DENIED), pytest.raises(AccessDeniedError):
            kms.clients()
        assert [told[:2] for told in service.told.calls] == [
            ("cts:Authorise", ""),
            ("zerokms:ListKeysets", ""),
            ("zerokms:ListClients", "forbidden"),
        ]

    def test_a_service_that_quotes_what_was_sent_gets_nothing_into_our_errors(
        self, service: Service
    ) -> None:
        service.configure(error_style="quoting")
        kms = ZeroKms(service.admission)
        with service.failing(FaultKind.ACCESS_DENIED), pytest.raises(AccessDeniedError) as caught:
            kms.clients()
        assert "Bearer" not in caught.value.diagnostics()
        assert service.seeded.admin.access_key not in caught.value.diagnostics()
