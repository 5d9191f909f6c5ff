"""Entering a workspace: with which key, for how long, and who is turned away before anything."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_messages import HttpRequest
from rotator.core.ids import KeyId
from rotator.core.secret import Secret
from rotator.core.workspace import AccessRole
from rotator.errors import AccessDeniedError, RejectedError, TransientError
from rotator.providers.cipherstash.admission import Door
from rotator.providers.cipherstash.config import ApiKind, Paths
from tests.adapters.aws.leaks import shown
from tests.adapters.cipherstash.scripted import ACCOUNT, ADMIN, CTS, REGION, Script, jwt

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.errors import RotatorError
    from rotator.providers.cipherstash.tokens import Token

AUTHORISE = "cts:Authorise"
LOOK = "cts:Look"
ZEROKMS = f"https://{REGION}.zerokms.cipherstashmanaged.net/"


@pytest.fixture
def script() -> Script:
    script = Script()
    script.on(AUTHORISE, (200, script.token()))
    script.on(LOOK, (200, {}))
    return script


def look(token: Token) -> HttpRequest:
    return HttpRequest(operation=LOOK, url=token.cts("/look"), subject=ACCOUNT)


def rotating(*keys: str) -> Callable[[], Secret]:
    """A place whose key has changed each time somebody looks; the last one stays."""
    left = list(keys)
    return lambda: Secret(left.pop(0) if len(left) > 1 else left[0])


def refused(script: Script, door: Door = Door.ADMIN, **config: object) -> RotatorError:
    with pytest.raises((AccessDeniedError, RejectedError)) as caught:
        script.admission(**config).read(door, look)
    assert script.count(LOOK) == 0
    assert "adminsecret" not in shown(caught.value)
    return caught.value


def test_a_key_is_exchanged_and_the_token_carried(script: Script) -> None:
    answer = script.admission().read(Door.ADMIN, look)

    assert answer.status == 200
    exchange, call = script.sent
    assert (exchange.method, exchange.url) == ("POST", f"{CTS}/api/authorise")
    assert exchange.body == {"accessKey": ADMIN}
    assert exchange.bearer == ""
    assert not exchange.is_change
    assert call.bearer.startswith("Bearer aGVhZA.")


def test_a_token_serves_until_ninety_seconds_before_its_end(script: Script) -> None:
    admission = script.admission()
    first = admission.token(Door.ADMIN)
    script.clock.advance(timedelta(seconds=809))
    assert admission.token(Door.ADMIN) is first
    script.clock.advance(timedelta(seconds=1))

    assert admission.token(Door.ADMIN) is not first


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_tokens_life_is_measured_by_the_services_clock(ahead: timedelta) -> None:
    script = Script(ahead=ahead)
    script.on(AUTHORISE, (200, script.token()))
    admission = script.admission()
    first = admission.token(Door.ADMIN)
    script.clock.advance(timedelta(seconds=809))
    assert admission.token(Door.ADMIN) is first
    script.clock.advance(timedelta(seconds=1))

    assert admission.token(Door.ADMIN) is not first


def test_without_the_services_clock_ours_must_do(script: Script) -> None:
    script.tells_time = False
    admission = script.admission()
    first = admission.token(Door.ADMIN)
    script.clock.advance(timedelta(seconds=809))

    assert admission.token(Door.ADMIN) is first


@pytest.mark.parametrize("expiry", [None, "soon", True, -5, 1e30])
def test_a_token_that_does_not_say_when_it_ends_serves_once(script: Script, expiry: object) -> None:
    answer = script.token(exp=expiry)
    script.on(AUTHORISE, (200, {**answer, "expiry": expiry}))
    admission = script.admission()
    admission.token(Door.ADMIN)
    admission.token(Door.ADMIN)

    assert script.count(AUTHORISE) == 2


def test_the_answers_own_expiry_stands_in_for_the_claim(script: Script) -> None:
    script.on(AUTHORISE, (200, script.token(exp=None)))
    admission = script.admission()

    assert admission.token(Door.ADMIN) is admission.token(Door.ADMIN)


def test_a_successor_is_taken_up_by_itself(script: Script) -> None:
    admission = script.admission(admin=rotating(ADMIN, "CSAKNEXT.nextsecret"))
    script.on(AUTHORISE, (200, script.token()), (200, script.token("NEXT")))
    admission.token(Door.ADMIN)
    script.clock.advance(timedelta(minutes=15))

    assert admission.token(Door.ADMIN).key_id == "NEXT"
    assert script.sent[-1].body == {"accessKey": "CSAKNEXT.nextsecret"}


def test_a_reading_whose_token_is_refused_is_made_again_once(script: Script) -> None:
    script.on(LOOK, (401, "expired"), (200, {}))

    assert script.admission().read(Door.ADMIN, look).status == 200
    assert script.count(AUTHORISE) == 2


def test_a_token_that_is_refused_twice_is_a_denial(script: Script) -> None:
    script.on(LOOK, (401, "no"))
    with pytest.raises(AccessDeniedError) as caught:
        script.admission().read(Door.ADMIN, look)

    assert caught.value.code == "token_refused"
    assert script.count(LOOK) == 2


def test_a_change_whose_token_is_refused_is_not_sent_again(script: Script) -> None:
    script.on(LOOK, (401, "expired"), (200, {}))
    admission = script.admission()
    soon = script.clock.now()
    with pytest.raises(TransientError) as caught:
        admission.change(Door.ADMIN, look, not_after=soon)
    assert caught.value.code == "token_refused"
    assert script.count(LOOK) == 1

    assert admission.change(Door.ADMIN, look, not_after=soon).status == 200
    assert script.count(AUTHORISE) == 2


def test_a_key_that_is_not_accepted_is_told_with_its_place(script: Script) -> None:
    script.on(AUTHORISE, (401, "Access key is not valid: CSAKADMINADMIN.adminsecret"))
    error = refused(script)

    assert isinstance(error, AccessDeniedError)
    assert error.code == "admission_refused"
    assert error.subject == ACCOUNT
    assert "cipherstash.workspaces[].adminKey" in error.hint
    assert "role admin" in error.hint


@pytest.mark.parametrize(
    ("door", "role", "reason"),
    [
        (Door.ADMIN, "control", "cannot authenticate cryptographic operations"),
        (Door.ADMIN, "member", "administers nothing"),
        (Door.KEYSETS, "Member", "administers nothing"),
    ],
)
def test_a_wrong_role_is_turned_away_with_its_reason(
    script: Script, door: Door, role: str, reason: str
) -> None:
    script.on(AUTHORISE, (200, script.token(role=role)))
    error = refused(script, door)

    assert error.code == "wrong_role"
    assert reason in str(error)
    assert f"role {'control' if door is Door.KEYSETS else 'admin'}" in error.hint


@pytest.mark.parametrize(
    "told",
    [
        {"role": "admin"},
        {"role": ["Member", "Admin"]},
        {"role": None, "roles": ["admin"]},
        {"role": None, "role_set": "ADMIN"},
    ],
)
def test_a_role_is_read_in_every_spelling(script: Script, told: dict[str, object]) -> None:
    script.on(AUTHORISE, (200, script.token(**told)))

    assert script.admission().token(Door.ADMIN).role is AccessRole.ADMIN


@pytest.mark.parametrize("told", [None, "owner", 7])
def test_a_role_that_is_not_told_is_for_the_service_to_judge(script: Script, told: object) -> None:
    script.on(AUTHORISE, (200, script.token(role=told)))

    assert script.admission().token(Door.ADMIN).role is None


def test_keysets_are_entered_with_the_control_key_where_there_is_one(script: Script) -> None:
    script.on(AUTHORISE, (200, script.token("CONTROL", role="control")))
    admission = script.admission(control=lambda: Secret("CSAKCONTROL.controlsecret"))
    admission.read(Door.KEYSETS, look)

    assert script.sent[0].body == {"accessKey": "CSAKCONTROL.controlsecret"}


def test_keysets_are_entered_with_the_admin_key_where_there_is_no_other(script: Script) -> None:
    script.admission().read(Door.KEYSETS, look)

    assert script.sent[0].body == {"accessKey": ADMIN}


def test_another_workspaces_key_is_turned_away(script: Script) -> None:
    script.on(AUTHORISE, (200, script.token(workspace="ZZZZZZZZZZZZZZZZ")))

    assert refused(script).code == "wrong_workspace"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "adminsecret",
        "CSAKADMINADMIN",
        "CSAKADMINADMIN.",
        '"CSAKADMINADMIN.adminsecret"',
        "CSAKADMINADMIN.adminsecret\n",
        "CS_CLIENT_ACCESS_KEY=CSAKADMINADMIN.adminsecret",
        "AKIAIOSFODNN7EXAMPLE.adminsecret",
    ],
)
def test_what_is_no_key_is_turned_away_before_anything_is_sent(script: Script, text: str) -> None:
    error = refused(script, admin=lambda: Secret(text))

    assert error.code == "malformed_key"
    assert script.sent == []


@pytest.mark.parametrize("operation", [AUTHORISE, LOOK])
def test_payment_is_asked_for_and_no_key_is_at_fault(script: Script, operation: str) -> None:
    script.on(operation, (402, "Insufficient balance"))
    with pytest.raises(TransientError) as reading:
        script.admission().read(Door.ADMIN, look)
    with pytest.raises(TransientError) as changing:
        script.admission().change(Door.ADMIN, look, not_after=None)

    assert {reading.value.code, changing.value.code} == {"payment_required"}


@pytest.mark.parametrize("status", [404, 405])
def test_an_entrance_that_moved_names_its_setting(script: Script, status: int) -> None:
    script.on(AUTHORISE, (status, "nothing here"))
    error = refused(script)

    assert error.code == "api_changed"
    assert "the API may have changed" in str(error)
    assert "cipherstash.workspaces[].api.paths.authorise" in error.hint


def test_the_entrance_is_a_setting(script: Script) -> None:
    paths = Paths(authorise="/v2/{workspace}/enter")
    script.admission(cts_url="https://cts.example.com/base/", paths=paths).token(Door.ADMIN)

    assert script.sent[0].url == f"https://cts.example.com/base/v2/{ACCOUNT}/enter"


@pytest.mark.parametrize(
    "body",
    [
        {"expiry": 5},
        {"accessToken": 5},
        {"accessToken": "opaque"},
        {"accessToken": "a.b.c"},
        {"accessToken": "a.!.c"},
        {"accessToken": jwt([1])},
        {"accessToken": jwt({"sub": "CS|CSAKADMINADMIN"})},
        {"accessToken": jwt({"workspace": ACCOUNT})},
    ],
)
def test_a_token_that_does_not_say_whose_it_is_is_not_used(
    script: Script, body: dict[str, object]
) -> None:
    script.on(AUTHORISE, (200, body))

    assert refused(script).code == "token_unclear"


@pytest.mark.parametrize(
    "told",
    [
        "https://us-east-1.aws.auth.viturhosted.net",
        "https://eu-west-1.aws.cts.cipherstashmanaged.net/x/",
    ],
)
def test_a_token_is_carried_where_it_says_on_the_vendors_hosts(script: Script, told: str) -> None:
    script.on(AUTHORISE, (200, script.token(iss=told, services={"zerokms": told})))
    token = script.admission().token(Door.ADMIN)

    assert (token.cts_url, token.zerokms_url) == (told, told)
    assert script.allowed == [CTS, told, told]


@pytest.mark.parametrize(
    "told",
    [
        "http://eu-west-1.aws.cts.cipherstashmanaged.net/",
        "https://cipherstashmanaged.net.example.com/",
        "https://[half",
        "not a url",
        None,
    ],
)
def test_a_token_is_carried_to_no_stranger(script: Script, told: str | None) -> None:
    script.on(AUTHORISE, (200, script.token(iss=told, services={"zerokms": told})))
    token = script.admission().token(Door.ADMIN)

    assert (token.cts_url, token.zerokms_url) == (CTS, "")
    assert script.allowed == [CTS, CTS]


def test_where_the_settings_name_the_services_the_token_is_not_asked(script: Script) -> None:
    admission = script.admission(
        cts_url="https://cts.example.com", zerokms_url="https://zerokms.example.com/base"
    )
    token = admission.token(Door.ADMIN)

    assert token.cts("/x") == "https://cts.example.com/x"
    assert token.zerokms("create-client") == "https://zerokms.example.com/base/create-client"


def test_a_simulator_may_name_itself_for_all_services(script: Script) -> None:
    services = {"zerokms": "http://127.0.0.1:4711/zerokms/"}
    script.on(AUTHORISE, (200, script.token(services=services)))
    token = script.admission(cts_url="http://127.0.0.1:4711").token(Door.ADMIN)

    assert token.zerokms("create-client") == "http://127.0.0.1:4711/zerokms/create-client"


def test_unknown_whereabouts_of_keysets_name_their_setting(script: Script) -> None:
    script.on(AUTHORISE, (200, script.token(services={})))
    with pytest.raises(RejectedError) as caught:
        script.admission().token(Door.ADMIN).zerokms("create-client")

    assert caught.value.code == "zerokms_unknown"
    assert "cipherstash.workspaces[].api.zerokmsUrl" in caught.value.hint


def test_threads_share_one_exchange(script: Script) -> None:
    admission = script.admission()
    threads = [threading.Thread(target=admission.token, args=(Door.ADMIN,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert script.count(AUTHORISE) == 1


def test_a_forgotten_keys_token_is_used_no_more(script: Script) -> None:
    admission = script.admission()
    kept = admission.token(Door.ADMIN)
    admission.forget_key(KeyId("SOMEBODYELSE"))
    assert admission.token(Door.ADMIN) is kept
    admission.forget_key(KeyId("ADMINADMIN"))

    assert admission.token(Door.ADMIN) is not kept


def test_our_own_keys_are_those_that_the_settings_point_to_now(script: Script) -> None:
    both = script.admission(
        admin=rotating(ADMIN, "CSAKNEXT.nextsecret"),
        control=lambda: Secret("CSAKCONTROL.controlsecret"),
    )

    assert both.own_key_ids() == {"ADMINADMIN", "CONTROL"}
    assert both.own_key_ids() == {"NEXT", "CONTROL"}
    assert script.admission().own_key_ids() == {"ADMINADMIN"}
    assert script.admission().own_key_id() == "ADMINADMIN"
    assert script.sent == []


def legacy(script: Script, text: str) -> Token:
    return script.admission(kind=ApiKind.LEGACY, admin=lambda: Secret(text)).token(Door.ADMIN)


def test_the_legacy_interface_takes_a_persons_token_as_it_is(script: Script) -> None:
    tokens = rotating("persons.first.token", "persons.next.token")
    admission = script.admission(kind=ApiKind.LEGACY, admin=tokens)
    admission.read(Door.ADMIN, look)
    admission.read(Door.ADMIN, look)

    bearers = [sent.bearer for sent in script.sent]
    assert bearers == ["Bearer persons.first.token", "Bearer persons.next.token"]
    assert script.count(AUTHORISE) == 0
    assert script.sent[0].url == "https://console.cipherstash.com/look"
    assert admission.own_key_id() is None
    assert admission.own_key_ids() == frozenset()


@pytest.mark.parametrize("token", ["opaque", jwt({"iss": f"{CTS}/"})])
def test_a_legacy_token_need_not_say_whose_it_is(script: Script, token: str) -> None:
    script.on(AUTHORISE, (200, {"accessToken": token, "expiry": 5}))
    entered = legacy(script, ADMIN)

    assert entered.workspace is None
    assert entered.key_id is None
    assert entered.cts_url == "https://console.cipherstash.com"


def test_nothing_shows_a_token_or_a_key(script: Script) -> None:
    admission = script.admission()
    token = admission.token(Door.ADMIN)
    seen = f"{token!r} {admission!r} {admission.config!r}"

    assert token.bearer.reveal() not in seen
    assert "adminsecret" not in seen
