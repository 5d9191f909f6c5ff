"""What the access keys' adapter does beyond the port's contract."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.facts import Principal
from rotator.core.ids import AccountId, KeyId, RotationId
from rotator.core.secret import KeyMaterial, Secret
from rotator.core.workspace import AccessRole
from rotator.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    RotatorError,
    TransientError,
    UnavailableError,
)
from rotator.ports.provider import CanDisable, CanMark, CanTellOwn, Verdict
from rotator.providers.cipherstash.access_keys import CipherStashAccessKeys
from rotator.providers.cipherstash.admission import Door
from rotator.providers.cipherstash.config import ACCESS_KEYS
from rotator.simulators.cipherstash.shapes import AccessKeySeed, FaultKind, WorkspaceSeed
from tests.adapters.aws.leaks import shown
from tests.adapters.cipherstash.scripted import OWN_ROW, Script, row
from tests.adapters.cipherstash.service import ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.providers.cipherstash.config import WorkspaceConfig
    from rotator.simulators.cipherstash.shapes import AccessKeyState
    from tests.adapters.cipherstash.service import Service

ROTATION = RotationId("00000000-0000-0000-0000-0000000a11ce")
MARK = "MARKMARKMARK"


def provider_for(service: Service, config: WorkspaceConfig | None = None) -> CipherStashAccessKeys:
    admission = service.new_admission(config)
    admission.token(Door.ADMIN)
    service.process.clear_calls()
    return CipherStashAccessKeys([admission])


@pytest.fixture
def provider(service: Service) -> CipherStashAccessKeys:
    service.configure(keys_tell_role=True, secret_mark=MARK)
    return provider_for(service)


def lineage_of(name: str, account: AccountId = ACCOUNT) -> Principal:
    return Principal(provider=ACCESS_KEYS, account=account, name=name, uid=name)


def seeded(service: Service, name: str, **more: object) -> KeyMaterial:
    wanted = AccessKeySeed.model_validate({"name": name, **more})
    seed = WorkspaceSeed(workspace_id=ACCOUNT, access_keys=(wanted,))
    made = service.process.seed(seed).access_keys[name]
    return KeyMaterial(key_id=KeyId(made.key_id), secret=Secret(made.access_key))


def state_of(service: Service, key: KeyId) -> AccessKeyState:
    return next(item for item in service.state.access_keys if item.key_id == key)


def minted(service: Service, provider: CipherStashAccessKeys, replaces: KeyMaterial) -> KeyMaterial:
    principal = lineage_of("ci")
    return provider.create_key(
        principal, ROTATION, replaces=replaces.key_id, not_after=service.soon()
    ).material


def test_it_can_tell_our_own_key_and_neither_switch_nor_mark(
    provider: CipherStashAccessKeys,
) -> None:
    assert isinstance(provider, CanTellOwn)
    assert not isinstance(provider, CanDisable | CanMark)
    assert provider.traits.max_keys is None


def test_traits_are_those_of_the_slowest_workspace(service: Service) -> None:
    quick = service.new_config()
    slow = replace(
        quick,
        account=OTHER_ACCOUNT,
        list_lag=timedelta(minutes=5),
        token_lifetime=timedelta(hours=1),
        request_window=timedelta(minutes=2),
    )
    admissions = [service.new_admission(config) for config in (slow, quick)]
    traits = CipherStashAccessKeys(admissions).traits

    assert traits.list_lag == timedelta(minutes=5)
    assert traits.use_quantum == timedelta(hours=1)
    assert traits.signature_window == timedelta(minutes=2)
    assert CipherStashAccessKeys([]).traits.max_keys is None


def test_another_regions_entrance_is_named(service: Service) -> None:
    elsewhere = service.process.regional("eu-west-1.aws")
    admission = service.new_admission(replace(service.new_config(), cts_url=elsewhere))
    with pytest.raises(AccessDeniedError) as caught:
        CipherStashAccessKeys([admission]).list_keys(lineage_of("ci"))

    assert caught.value.code == "admission_refused"
    assert f"{elsewhere}: it was revoked, is not whole, or is of another region" in str(
        caught.value
    )


def test_a_workspace_that_is_not_configured_is_refused(provider: CipherStashAccessKeys) -> None:
    with pytest.raises(RejectedError) as caught:
        list(provider.principals(OTHER_ACCOUNT))

    assert caught.value.code == "unknown_account"
    assert "cipherstash.workspaces[]" in caught.value.hint


@pytest.mark.parametrize("role", list(AccessRole))
def test_a_successor_has_its_predecessors_role_and_never_more(
    service: Service, role: AccessRole
) -> None:
    service.configure(keys_tell_role=True)
    config = replace(service.new_config(), roles=(("*", AccessRole.ADMIN),))
    old = seeded(service, "ci", role=role.value)
    new = minted(service, provider_for(service, config), old)

    assert state_of(service, new.key_id).role == role
    assert state_of(service, new.key_id).name == f"ci.rotator-{ROTATION}"


def test_where_the_service_tells_no_role_the_settings_do(service: Service) -> None:
    roles = (("db-*", AccessRole.ADMIN), ("c?", AccessRole.CONTROL), ("*", AccessRole.ADMIN))
    old = seeded(service, "ci", role="control")
    new = minted(service, provider_for(service, replace(service.new_config(), roles=roles)), old)

    assert state_of(service, new.key_id).role == "control"


def test_where_nobody_tells_a_role_nothing_is_minted(service: Service) -> None:
    config = replace(service.new_config(), roles=(("db-*", AccessRole.MEMBER),))
    provider, old = provider_for(service, config), seeded(service, "ci")
    with pytest.raises(RejectedError) as caught:
        minted(service, provider, old)

    assert caught.value.code == "role_unknown"
    assert "cipherstash.workspaces[].accessKeyRoles" in caught.value.hint
    assert service.calls("create-access-key") == []


def test_a_lineage_whose_keys_are_gone_gets_the_settings_role(service: Service) -> None:
    config = replace(service.new_config(), roles=(("*", AccessRole.MEMBER),))
    gone = KeyMaterial(key_id=KeyId("GONEGONE"), secret=Secret(""))

    new = minted(service, provider_for(service, config), gone)
    assert state_of(service, new.key_id).role == "member"


def test_a_role_that_we_do_not_know_is_not_replaced_by_a_guess() -> None:
    script = Script()
    script.on("cts:Authorise", (200, script.token()))
    script.on("cts:ListAccessKeys", (200, [OWN_ROW, row("ONE", "ci", role="owner")]))
    admission = script.admission(roles=(("*", AccessRole.MEMBER),))
    with pytest.raises(RejectedError) as caught:
        CipherStashAccessKeys([admission]).create_key(
            lineage_of("ci"), ROTATION, replaces=KeyId("ONE"), not_after=script.clock.now()
        )

    assert caught.value.code == "role_unknown"
    assert script.count("cts:CreateAccessKey") == 0


def test_a_mint_whose_name_is_refused_for_another_reason_is_refused(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    old = seeded(service, "ci")
    service.fault(FaultKind.ACCESS_DENIED, "create-access-key")
    with pytest.raises(AccessDeniedError):
        minted(service, provider, old)


@pytest.mark.parametrize("status", [400, 409])
def test_a_taken_name_means_that_our_earlier_request_landed(
    service: Service, provider: CipherStashAccessKeys, status: int
) -> None:
    service.configure(duplicate_status=status)
    old = seeded(service, "ci")
    service.fault(FaultKind.LOSE_ANSWER, "create-access-key", times=1)
    for code in ("broken_answer", "name_taken"):
        with pytest.raises(OutcomeUnknownError) as caught:
            minted(service, provider, old)
        assert caught.value.code == code

    found = provider.list_keys(lineage_of("ci")).keys
    assert [key.rotation for key in found] == [None, ROTATION]


def test_a_request_that_landed_late_is_seen_as_ours(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    old = seeded(service, "ci")
    service.fault(FaultKind.LAND_LATE, "create-access-key", times=1, seconds=30)
    with pytest.raises(OutcomeUnknownError):
        minted(service, provider, old)
    assert len(provider.list_keys(lineage_of("ci")).keys) == 1
    service.clock.sleep(31)

    assert [key.rotation for key in provider.list_keys(lineage_of("ci")).keys] == [None, ROTATION]


@pytest.mark.parametrize(
    ("kind", "raised", "made"),
    [
        (FaultKind.LOSE_REQUEST, OutcomeUnknownError, 0),
        (FaultKind.LOSE_ANSWER, OutcomeUnknownError, 1),
        (FaultKind.GARBLE, OutcomeUnknownError, 1),
        (FaultKind.SERVER_ERROR, OutcomeUnknownError, 0),
        (FaultKind.SERVER_ERROR_AFTER, OutcomeUnknownError, 1),
        (FaultKind.THROTTLE, TransientError, 0),
        (FaultKind.PAYMENT_REQUIRED, TransientError, 0),
        (FaultKind.CREDENTIAL_REVOKED, TransientError, 0),
        (FaultKind.ACCESS_DENIED, AccessDeniedError, 0),
        (FaultKind.NOT_FOUND, RejectedError, 0),
        (FaultKind.NOT_ALLOWED, RejectedError, 0),
    ],
)
def test_whatever_becomes_of_a_mint_it_is_sent_once(
    service: Service,
    provider: CipherStashAccessKeys,
    kind: FaultKind,
    raised: type[RotatorError],
    made: int,
) -> None:
    old = seeded(service, "ci")
    with service.failing(kind, "create-access-key"), pytest.raises(raised) as caught:
        minted(service, provider, old)

    assert MARK not in shown(caught.value)
    assert len(service.calls("create-access-key")) == 1
    assert len(provider.list_keys(lineage_of("ci")).keys) == 1 + made


@pytest.mark.parametrize(
    ("kind", "raised", "gone"),
    [
        (FaultKind.LOSE_REQUEST, OutcomeUnknownError, False),
        (FaultKind.LOSE_ANSWER, OutcomeUnknownError, True),
        (FaultKind.SERVER_ERROR, OutcomeUnknownError, False),
        (FaultKind.SERVER_ERROR_AFTER, OutcomeUnknownError, True),
        (FaultKind.THROTTLE, TransientError, False),
        (FaultKind.PAYMENT_REQUIRED, TransientError, False),
        (FaultKind.ACCESS_DENIED, AccessDeniedError, False),
        (FaultKind.NOT_FOUND, UnavailableError, False),
        (FaultKind.NOT_ALLOWED, RejectedError, False),
    ],
)
def test_whatever_becomes_of_a_revocation_it_is_sent_once(
    service: Service,
    provider: CipherStashAccessKeys,
    kind: FaultKind,
    raised: type[RotatorError],
    *,
    gone: bool,
) -> None:
    key = seeded(service, "ci").key_id
    with service.failing(kind, "revoke-access-key"), pytest.raises(raised):
        provider.delete_key(lineage_of("ci"), key, not_after=service.soon())

    assert len(service.calls("revoke-access-key")) == 1
    assert (state_of(service, key).revoked_at is not None) == gone


def test_a_revocation_is_told_in_any_words(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    key = seeded(service, "ci").key_id
    service.fault(FaultKind.GARBLE, "revoke-access-key")
    provider.delete_key(lineage_of("ci"), key, not_after=service.soon())

    assert state_of(service, key).revoked_at is not None


READINGS: dict[str, Callable[[CipherStashAccessKeys, KeyMaterial], object]] = {
    "principals": lambda provider, _: list(provider.principals(ACCOUNT)),
    "list": lambda provider, _: provider.list_keys(lineage_of("ci")),
    "use": lambda provider, key: provider.last_used(lineage_of("ci"), key.key_id),
    "verify": lambda provider, key: provider.verify(lineage_of("ci"), key),
}


@pytest.mark.parametrize("reading", list(READINGS))
@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        (FaultKind.LOSE_REQUEST, UnavailableError),
        (FaultKind.LOSE_ANSWER, UnavailableError),
        (FaultKind.SERVER_ERROR, TransientError),
        (FaultKind.THROTTLE, TransientError),
        (FaultKind.PAYMENT_REQUIRED, TransientError),
        (FaultKind.ACCESS_DENIED, AccessDeniedError),
        (FaultKind.CREDENTIAL_REVOKED, AccessDeniedError),
        (FaultKind.NOT_FOUND, RejectedError),
        (FaultKind.NOT_ALLOWED, RejectedError),
        (FaultKind.GARBLE, RejectedError),
    ],
)
def test_what_could_not_be_read_is_an_error_and_no_answer(
    service: Service,
    provider: CipherStashAccessKeys,
    reading: str,
    kind: FaultKind,
    raised: type[RotatorError],
) -> None:
    key = seeded(service, "ci")
    with service.failing(kind, "list-access-keys"), pytest.raises(raised) as caught:
        READINGS[reading](provider, key)

    assert MARK not in shown(caught.value)


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        (FaultKind.LOSE_ANSWER, UnavailableError),
        (FaultKind.SERVER_ERROR, TransientError),
        (FaultKind.THROTTLE, TransientError),
        (FaultKind.PAYMENT_REQUIRED, TransientError),
        (FaultKind.ACCESS_DENIED, AccessDeniedError),
        (FaultKind.NOT_FOUND, RejectedError),
    ],
)
def test_a_try_that_was_not_judged_is_no_verdict(
    service: Service, provider: CipherStashAccessKeys, kind: FaultKind, raised: type[RotatorError]
) -> None:
    key = seeded(service, "ci")
    with service.failing(kind, "authorise"), pytest.raises(raised) as caught:
        provider.verify(lineage_of("ci"), key)

    assert key.secret.reveal() not in shown(caught.value)


def test_a_quoting_service_cannot_make_us_tell_a_secret(
    service: Service, provider: CipherStashAccessKeys, caplog: pytest.LogCaptureFixture
) -> None:
    service.configure(error_style="quoting")
    key = seeded(service, "ci")
    with (
        caplog.at_level(logging.DEBUG),
        service.failing(FaultKind.ACCESS_DENIED, "authorise"),
        pytest.raises(AccessDeniedError) as caught,
    ):
        provider.verify(lineage_of("ci"), key)

    secret = key.secret.reveal()
    assert secret not in shown(caught.value)
    assert secret not in caplog.text


def test_a_key_that_is_let_in_and_not_listed_is_neither_proved_nor_refused(
    service: Service,
) -> None:
    provider = provider_for(service)
    service.configure(list_lag_seconds=60)
    service.clock.sleep(61)
    key = seeded(service, "ci")
    assert provider.verify(lineage_of("ci"), key) is Verdict.PARTLY
    service.clock.sleep(61)

    assert provider.verify(lineage_of("ci"), key) is Verdict.ACCEPTED


def test_a_text_that_is_not_this_keys_is_refused_before_anything_is_sent(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    key, other = seeded(service, "ci"), seeded(service, "other")
    for text in (other.secret.reveal(), f"{key.secret.reveal()}\n", "", "CSAK"):
        with pytest.raises(RejectedError) as caught:
            provider.verify(lineage_of("ci"), KeyMaterial(key_id=key.key_id, secret=Secret(text)))
        assert caught.value.code == "wrong_secret"

    assert service.calls() == []


def test_a_key_of_more_power_than_it_should_have_is_not_accepted(service: Service) -> None:
    config = replace(service.new_config(), roles=(("*", AccessRole.MEMBER),))
    key = seeded(service, "ci", role="admin")
    with pytest.raises(RejectedError) as caught:
        provider_for(service, config).verify(lineage_of("ci"), key)

    assert caught.value.code == "wrong_role"
    assert "role admin" in str(caught.value)


def test_a_successor_of_less_power_is_not_accepted_although_nobody_said_so_when_it_was_made() -> (
    None
):
    script = Script()
    script.on("cts:Authorise", (200, script.token()), (200, script.token("NEWNEW", role="member")))
    old = row("OLDOLD", "ci", role="control")
    script.on(
        "cts:ListAccessKeys",
        (200, [OWN_ROW, old]),
        (200, [OWN_ROW, old, row("NEWNEW", f"ci.rotator-{ROTATION}", role="member")]),
    )
    script.on("cts:CreateAccessKey", (201, {"accessKey": "CSAKNEWNEW.newsecret"}))
    provider = CipherStashAccessKeys([script.admission()])
    minted = provider.create_key(
        lineage_of("ci"), ROTATION, replaces=KeyId("OLDOLD"), not_after=script.clock.now()
    )
    with pytest.raises(RejectedError) as caught:
        provider.verify(lineage_of("ci"), minted.material)

    assert caught.value.code == "wrong_role"
    assert "has the role member and should have control" in str(caught.value)


@pytest.mark.parametrize(
    "claims", [{"sub": "CS|CSAKOTHER"}, {"workspace": str(OTHER_ACCOUNT)}], ids=["sub", "workspace"]
)
def test_a_token_for_somebody_else_is_the_wrong_principal(claims: dict[str, str]) -> None:
    script = Script()
    script.on("cts:Authorise", (200, script.token("NEWNEW", **claims)))
    material = KeyMaterial(key_id=KeyId("NEWNEW"), secret=Secret("CSAKNEWNEW.newsecret"))
    verdict = CipherStashAccessKeys([script.admission()]).verify(lineage_of("ci"), material)

    assert verdict is Verdict.WRONG_PRINCIPAL


@pytest.mark.parametrize("spelling", ["CS|CSAKNEWNEW", "CSAKNEWNEW", "NEWNEW"])
def test_a_token_names_its_key_in_any_spelling(spelling: str) -> None:
    script = Script()
    script.on("cts:Authorise", (200, script.token("NEWNEW", sub=spelling)), (200, script.token()))
    script.on("cts:ListAccessKeys", (200, [OWN_ROW, row("NEWNEW", "ci")]))
    material = KeyMaterial(key_id=KeyId("NEWNEW"), secret=Secret("CSAKNEWNEW.newsecret"))
    provider = CipherStashAccessKeys([script.admission()])

    assert provider.verify(lineage_of("ci"), material) is Verdict.ACCEPTED


def test_our_own_key_is_never_revoked(service: Service, provider: CipherStashAccessKeys) -> None:
    own = provider.own_key(ACCOUNT)
    assert own == service.seeded.admin.key_id
    with pytest.raises(RejectedError) as caught:
        provider.delete_key(lineage_of("rotator-admin"), own, not_after=service.soon())

    assert caught.value.code == "own_key"
    assert service.calls() == []


def test_our_own_keyset_key_is_never_revoked(service: Service) -> None:
    control = service.access_key("the-control")
    provider = provider_for(service, replace(service.new_config(), control=lambda: control))
    key = KeyId(service.seeded.access_keys["the-control"].key_id)
    with pytest.raises(RejectedError) as caught:
        provider.delete_key(lineage_of("the-control"), key, not_after=service.soon())

    assert caught.value.code == "own_key"


def test_our_own_key_is_rotated_by_its_successors_authority(service: Service) -> None:
    place = [Secret(service.seeded.admin.access_key)]
    provider = provider_for(service, replace(service.new_config(), admin=lambda: place[0]))
    principal, old = lineage_of("rotator-admin"), KeyId(service.seeded.admin.key_id)
    new = provider.create_key(principal, ROTATION, replaces=old, not_after=service.soon()).material
    assert provider.verify(principal, new) is Verdict.ACCEPTED
    place[0] = new.secret
    provider.delete_key(principal, old, not_after=service.soon())

    assert state_of(service, new.key_id).role == "admin"
    assert provider.own_key(ACCOUNT) == new.key_id
    assert service.calls("revoke-access-key")[-1].caller == new.key_id
    assert [key.key_id for key in provider.list_keys(principal).keys] == [new.key_id]


def test_a_key_that_no_listing_shows_yet_is_revoked_all_the_same(service: Service) -> None:
    service.configure(list_lag_seconds=60)
    service.clock.sleep(61)
    config = replace(service.new_config(), roles=(("*", AccessRole.MEMBER),))
    provider = provider_for(service, config)
    principal = lineage_of("ci")
    key = provider.create_key(principal, ROTATION, replaces=None, not_after=service.soon())
    provider.delete_key(principal, key.material.key_id, not_after=service.soon())

    assert state_of(service, key.material.key_id).revoked_at is not None


def test_a_name_that_was_given_to_another_key_is_not_revoked(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    principal, old = lineage_of("ci"), seeded(service, "ci")
    provider.delete_key(principal, old.key_id, not_after=service.soon())
    again = seeded(service, "ci")
    provider.delete_key(principal, old.key_id, not_after=service.soon())

    assert state_of(service, again.key_id).revoked_at is None
    assert len(service.calls("revoke-access-key")) == 1


def test_a_name_that_two_keys_have_is_not_revoked() -> None:
    script = Script()
    script.on("cts:Authorise", (200, script.token()))
    script.on("cts:ListAccessKeys", (200, [OWN_ROW, row("ONE", "ci"), row("TWO", "ci")]))
    with pytest.raises(RejectedError) as caught:
        CipherStashAccessKeys([script.admission()]).delete_key(
            lineage_of("ci"), KeyId("ONE"), not_after=script.clock.now()
        )

    assert caught.value.code == "name_ambiguous"
    assert script.count("cts:RevokeAccessKey") == 0


def test_a_key_of_another_lineage_is_nothing_of_ours(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    other = seeded(service, "other")
    provider.delete_key(lineage_of("ci"), other.key_id, not_after=service.soon())
    with pytest.raises(NotFoundError):
        provider.last_used(lineage_of("ci"), other.key_id)

    assert state_of(service, other.key_id).revoked_at is None


def test_nothing_is_revoked_after_its_time(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    key = seeded(service, "ci")
    with pytest.raises(ConflictError):
        provider.delete_key(lineage_of("ci"), key.key_id, not_after=service.past())

    assert service.calls("revoke-access-key") == []


def test_in_plan_mode_everything_is_read_and_nothing_changed(service: Service) -> None:
    service.configure(keys_tell_role=True)
    admission = service.new_admission(http=service.new_http(read_only=True))
    provider, old = CipherStashAccessKeys([admission]), seeded(service, "ci")
    for attempt in (
        lambda: minted(service, provider, old),
        lambda: provider.delete_key(lineage_of("ci"), old.key_id, not_after=service.soon()),
    ):
        with pytest.raises(RejectedError) as caught:
            attempt()
        assert caught.value.code == "read_only"

    assert [key.key_id for key in provider.list_keys(lineage_of("ci")).keys] == [old.key_id]
    assert provider.verify(lineage_of("ci"), old) is Verdict.ACCEPTED
    assert service.calls("create-access-key", "revoke-access-key") == []


def test_a_verification_is_a_use_at_its_very_instant(
    service: Service, provider: CipherStashAccessKeys
) -> None:
    key = seeded(service, "ci")
    began_at = service.clock.now()
    provider.verify(lineage_of("ci"), key)
    service.clock.sleep(300)
    used_at = provider.last_used(lineage_of("ci"), key.key_id).at

    assert used_at is not None
    assert abs(used_at - began_at) < timedelta(seconds=1)


def test_every_call_is_told(service: Service, provider: CipherStashAccessKeys) -> None:
    old = seeded(service, "ci")
    service.told.calls.clear()
    new = minted(service, provider, old)
    with service.failing(FaultKind.PAYMENT_REQUIRED), pytest.raises(TransientError):
        provider.verify(lineage_of("ci"), new)
    provider.delete_key(lineage_of("ci"), old.key_id, not_after=service.soon())

    assert [call[:2] for call in service.told.calls] == [
        ("cts:ListAccessKeys", ""),
        ("cts:CreateAccessKey", ""),
        ("cts:Authorise", "payment_required"),
        ("cts:ListAccessKeys", ""),
        ("cts:RevokeAccessKey", ""),
    ]


def test_secrets_are_not_logged_even_at_debug(
    service: Service, provider: CipherStashAccessKeys, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        new = minted(service, provider, seeded(service, "ci"))
        provider.verify(lineage_of("ci"), new)

    assert MARK in new.secret.reveal()
    assert MARK not in caplog.text
