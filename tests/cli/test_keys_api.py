from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.api_keys import ApiKey, ApiKeyWish, KeyStatus
from rotator.core.events import AuditAction
from rotator.core.ids import KeyId
from rotator.core.rotation import Role, Trigger
from rotator.testing.wire import Failure
from tests.builders import ACCOUNT, at
from tests.cli.api_desk import NAMELESS, SECTION, ApiDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> ApiDesk:
    return ApiDesk(tmp_path)


def fill(desk: ApiDesk) -> None:
    used = desk.hub.add(
        ApiKeyWish(name="ci", scopes=("read", "write"), lifetime=timedelta(days=90)), at(days=1)
    )
    desk.hub.try_api_key(used.secret, used.key.key_id)
    desk.hub.add(ApiKeyWish(name="old", lifetime=timedelta(days=30)), at(days=2))
    desk.hub.add(ApiKeyWish(name="spare"), at(days=3))
    desk.hub.put(
        ApiKey(
            key_id=KeyId("odd-1"),
            name="odd",
            status=KeyStatus.UNKNOWN,
            raw_status="frozen",
            created_at=None,
        )
    )


def key_of(desk: ApiDesk, name: str) -> KeyId:
    return next(it.key_id for it in desk.hub.keys.values() if it.name == name)


class TestListing:
    def test_everything_that_the_vendor_tells_is_shown(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.manage("ci", key_of(desk, "ci"))

        result = desk.run("keys", "list", "--account", "hub")

        assert result.exit_code == 0
        golden("tests/golden/keys_list_account.txt", result.stdout)

    def test_machines_are_told_what_is_not_told(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.manage("ci", key_of(desk, "ci"))

        result = desk.run("keys", "list", "--account", "hub-prod", "--json")

        golden("tests/golden/keys_list_account.json", result.stdout)

    def test_an_account_without_keys_says_so(self, desk: ApiDesk) -> None:
        result = desk.run("keys", "list", "--account", "hub")

        assert result.stdout == "account hub-prod (hub) has no keys\n"

    def test_without_an_account_the_journal_is_read_as_ever(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.wire.sent.clear()

        assert "no key is known yet" in desk.run("keys", "list").stdout
        assert desk.hub.wire.sent == []

    def test_an_unknown_account_is_told_with_those_that_are_known(self, desk: ApiDesk) -> None:
        result = desk.run("keys", "list", "--account", "lab")

        assert result.exit_code == 1
        assert "known are hub-prod" in result.stderr

    def test_an_account_of_aws_leads_to_the_list_of_the_journal(self, desk: ApiDesk) -> None:
        result = desk.run("keys", "list", "--account", ACCOUNT)

        assert result.exit_code == 2
        assert "its keys are shown by `rotator keys list`" in result.stderr

    @pytest.mark.parametrize("other", [("--all",), ("--workspace", "vault")])
    def test_what_contradicts_an_account_is_refused(
        self, desk: ApiDesk, other: tuple[str, ...]
    ) -> None:
        assert desk.run("keys", "list", "--account", "hub", *other).exit_code == 2

    def test_who_may_not_is_told_in_the_vendors_words(self, desk: ApiDesk) -> None:
        desk.hub.is_admin = False

        result = desk.run("keys", "list", "--account", "hub")

        assert result.exit_code == 1
        assert "ask an administrator of the workspace" in result.stderr


class TestShowing:
    def test_one_key_is_shown_with_its_usage(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.manage("ci", key_of(desk, "ci"))

        result = desk.run("keys", "show", "ci", "--account", "hub")

        golden("tests/golden/keys_show_account.txt", result.stdout)

    def test_our_own_key_is_named_as_such(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.own = key_of(desk, "spare")

        told = desk.run("keys", "show", "spare", "--account", "hub").stdout

        assert "rotator is admitted by" in told
        assert "never ends it" in told

    def test_machines_are_told_the_usage(self, desk: ApiDesk) -> None:
        fill(desk)

        result = desk.run("keys", "show", key_of(desk, "ci"), "--account", "hub", "--json")

        told = json.loads(result.stdout)
        assert told["usage"] == {"count": 1, "lastAddress": None, "lastUserAgent": None}
        assert (told["name"], told["isOwn"]) == ("ci", False)

    def test_a_vendor_that_tells_little_is_not_taken_for_one_that_says_never(
        self, desk: ApiDesk
    ) -> None:
        desk.hub.does_tell_use = False
        desk.hub.put(ApiKey(key_id=KeyId("bare"), scopes=None))

        told = desk.run("keys", "show", "bare", "--account", "hub").stdout

        for line in ("created    not told", "last used  not told", "uses       not told"):
            assert line in told
        machines = desk.run("keys", "show", "bare", "--account", "hub", "--json").stdout
        assert json.loads(machines)["usage"] is None

    def test_a_name_that_two_keys_have_is_not_guessed(self, desk: ApiDesk) -> None:
        desk.hub.add(ApiKeyWish(name="ci"))
        desk.hub.add(ApiKeyWish(name="ci"))

        result = desk.run("keys", "show", "ci", "--account", "hub")

        assert result.exit_code == 2
        assert "FAKEAPIKEY001, FAKEAPIKEY002; write the id" in result.stderr

    def test_what_rotations_have_renamed_is_named(self, desk: ApiDesk) -> None:
        name = "ci.rotator-00000000-0000-4000-8000-000000000001"
        desk.hub.add(ApiKeyWish(name=name))

        result = desk.run("keys", "show", "ci", "--account", "hub")

        assert f"rotations have put others in its place: {name}" in result.stderr

    @pytest.mark.parametrize(
        ("word", "hint"), [("spair", "did you mean spare?"), ("x", "rotator keys list --account")]
    )
    def test_a_word_that_is_no_key_is_answered_with_a_guess_or_the_list(
        self, desk: ApiDesk, word: str, hint: str
    ) -> None:
        fill(desk)

        assert hint in desk.run("keys", "show", word, "--account", "hub").stderr


class TestCreating:
    def test_the_key_is_shown_once_and_alone(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        result = desk.run(
            *("keys", "create", "ci", "--account", "hub", "--expires", "90d"),
            *("--scope", "read", "--scope", "write", "--reason", "a new pipeline"),
        )

        (key,) = desk.hub.keys.values()
        assert result.exit_code == 0
        assert result.stdout == f"KEY_ID={key.key_id}\nSECRET_KEY={desk.hub.secrets[key.key_id]}\n"
        assert (key.name, key.scopes) == ("ci", ("read", "write"))
        assert key.expires_at == at(days=130)
        golden("tests/golden/keys_create_account.txt", result.stderr)

    def test_it_is_written_down_before_and_after(self, desk: ApiDesk) -> None:
        desk.run("keys", "create", "ci", "--account", "hub", "--scope", "read", "--reason", "new")

        intent, outcome = desk.records()
        assert {it.action for it in (intent, outcome)} == {AuditAction.OPERATOR_CREATE_KEY}
        assert (intent.outcome, outcome.outcome, outcome.reason) == ("pending", "success", "new")
        evidence = outcome.evidence
        assert (evidence["account"], evidence["provider"]) == ("hub-prod", "hub-token")
        assert (evidence["name"], evidence["scopes"]) == ("ci", "read")
        assert evidence["key_id"] == key_of(desk, "ci")
        secrets = list(desk.hub.secrets.values())
        assert not [it for it in secrets if it in repr((intent, outcome))]

    def test_machines_get_the_key_and_what_is_known_of_it(self, desk: ApiDesk) -> None:
        result = desk.run("keys", "create", "--name", "ci", "--account", "hub", "--json")

        told = json.loads(result.stdout)
        assert set(told["variables"]) == {"KEY_ID", "SECRET_KEY"}
        assert (told["name"], told["account"]) == ("ci", "hub-prod")

    def test_the_accounts_own_lifetime_is_the_default(self, desk: ApiDesk) -> None:
        section = SECTION + "          lifetime: 120d\n"
        desk.configure((desk.folder / "hub.yaml").read_text(), section)

        desk.run("keys", "create", "ci", "--account", "hub")

        assert desk.hub.keys[key_of(desk, "ci")].expires_at == at(days=160)

    @pytest.mark.parametrize("taken", ["ci", "ci.rotator-00000000-0000-4000-8000-000000000001"])
    def test_a_taken_name_is_told_before_anything_is_sent(self, desk: ApiDesk, taken: str) -> None:
        desk.hub.add(ApiKeyWish(name=taken))

        result = desk.run("keys", "create", "ci", "--account", "hub")

        assert "ci: the name is taken" in result.stderr
        assert desk.hub.wire.sent == ["api_keys"]

    @pytest.mark.parametrize(
        "given",
        [
            ("--account", "hub"),
            ("ci", "--name", "ci", "--account", "hub"),
            ("ci", "--account", "hub", "--role", "admin"),
            ("ci", "--account", "hub", "--expires", "soon"),
            ("ci", "--expires", "90d"),
            ("--workspace", "vault"),
        ],
    )
    def test_what_makes_no_sense_is_refused_before_anything_is_sent(
        self, desk: ApiDesk, given: tuple[str, ...]
    ) -> None:
        assert desk.run("keys", "create", *given).exit_code == 2
        assert desk.hub.wire.sent == []

    def test_keys_without_names_are_made_without_one(self, desk: ApiDesk) -> None:
        desk.configure(NAMELESS)

        refused = desk.run("keys", "create", "ci", "--account", "hub")
        made = desk.run("keys", "create", "--account", "hub")

        assert (refused.exit_code, made.exit_code) == (2, 0)
        assert "keys of account hub-prod (hub) have no names" in refused.stderr

    def test_a_lost_answer_says_where_to_look_and_what_to_end(self, desk: ApiDesk) -> None:
        desk.hub.wire.break_next("create_api_key", Failure.LOST_ANSWER)

        result = desk.run("keys", "create", "ci", "--account", "hub")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "rotator keys list --account hub-prod" in result.stderr
        assert "rotator keys revoke --account hub-prod KEY_ID" in result.stderr
        assert desk.records()[-1].outcome == "unknown"

    def test_a_key_that_nobody_could_read_is_said_to_exist(
        self, desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise BrokenPipeError

        monkeypatch.setattr("rotator.cli.handover.print_json", broken)

        result = desk.run("keys", "create", "ci", "--account", "hub", "--json")

        assert result.exit_code == 1
        assert f"rotator keys revoke --account hub-prod {key_of(desk, 'ci')}" in result.stderr

    def test_plan_mode_makes_nothing(self, desk: ApiDesk) -> None:
        section = SECTION.replace("mode: enforce", "mode: plan")
        desk.configure((desk.folder / "hub.yaml").read_text(), section)

        assert desk.run("keys", "create", "ci", "--account", "hub").exit_code == 1
        assert desk.hub.wire.sent == []


class TestRevoking:
    def test_it_is_shown_then_asked_then_done(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.can_ask = True

        result = desk.run("keys", "revoke", "ci", "--account", "hub", answer="y\n")

        assert result.exit_code == 0
        assert "ci" not in {it.name for it in desk.hub.keys.values()}
        golden("tests/golden/keys_revoke_account.txt", result.stdout)

    def test_without_the_keys_text_its_listing_is_all_the_proof(self, desk: ApiDesk) -> None:
        fill(desk)
        key = key_of(desk, "ci")

        result = desk.run("keys", "revoke", key, "--account", "hub", "--yes", "--json")

        told = json.loads(result.stdout)
        assert (told["revoked"], told["proof"]) == (True, "listing-only")
        intent, outcome = desk.records()
        assert (intent.action, outcome.evidence["proof"]) == (
            AuditAction.OPERATOR_REVOKE_KEY,
            "listing-only",
        )

    def test_with_the_keys_text_its_refusal_is_waited_for(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.revoke_lag = timedelta(seconds=20)
        text = desk.hub.secrets[key_of(desk, "ci")]

        result = desk.run(
            "keys", "revoke", "ci", "--account", "hub", "--prove", "--yes", answer=f"{text}\n"
        )

        assert result.exit_code == 0
        assert "it was tried, and is refused" in result.stdout
        assert text not in result.output
        evidence = desk.records()[-1].evidence
        assert (evidence["proof"], evidence["refused_after_seconds"]) == ("refused", 20)

    def test_a_key_that_goes_on_working_is_an_error(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.revoke_lag = timedelta(hours=1)
        text = desk.hub.secrets[key_of(desk, "ci")]

        result = desk.run(
            "keys", "revoke", "ci", "--account", "hub", "--prove", "--yes", answer=text
        )

        assert result.exit_code == 1
        assert "it was revoked 62 s ago, and is still let in" in result.stderr
        assert desk.records()[-1].error == "still_accepted"

    @pytest.mark.parametrize(
        ("name", "why"),
        [("", "is refused already"), ("spare", "is not the text of this key")],
        ids=["of-nobody", "of-another"],
    )
    def test_a_text_that_is_not_the_keys_proves_nothing_and_ends_nothing(
        self, desk: ApiDesk, name: str, why: str
    ) -> None:
        fill(desk)
        text = desk.hub.secrets[key_of(desk, name)] if name else "fk_mistyped"

        result = desk.run(
            "keys", "revoke", "ci", "--account", "hub", "--prove", "--yes", answer=text
        )

        assert result.exit_code == 1
        assert why in result.stderr
        assert (len(desk.hub.keys), desk.records()) == (4, [])

    def test_there_is_nothing_to_prove_with_nothing(self, desk: ApiDesk) -> None:
        fill(desk)

        result = desk.run("keys", "revoke", "ci", "--account", "hub", "--prove", "--yes")

        assert result.exit_code == 2
        assert len(desk.hub.keys) == 4

    @pytest.mark.parametrize("role", [Role.CURRENT, Role.PREVIOUS, Role.PENDING])
    def test_a_key_that_somebody_counts_on_is_not_revoked_by_consent_alone(
        self, desk: ApiDesk, role: Role
    ) -> None:
        fill(desk)
        desk.manage("ci", key_of(desk, "ci"), role)
        arguments = ("keys", "revoke", "ci", "--account", "hub", "--yes")

        for given in ((), ("--now",), ("--reason", "leaked")):
            result = desk.run(*arguments, *given)
            assert result.exit_code == 1
            assert "rotator keys rotate ci --account hub-prod" in result.stderr
        assert len(desk.hub.keys) == 4

        assert desk.run(*arguments, "--now", "--reason", "leaked").exit_code == 0
        assert len(desk.hub.keys) == 3

    def test_who_is_given_a_key_that_is_ended_by_order_gets_a_successor(
        self, desk: ApiDesk
    ) -> None:
        fill(desk)
        desk.confirm_hub()
        desk.manage("ci", key_of(desk, "ci"))

        result = desk.run(
            "keys", "revoke", "ci", "--account", "hub", "--yes", "--now", "--reason", "leaked"
        )

        (credential,) = desk.app.journal.credentials()
        assert credential.requested is Trigger.TAINT
        assert "successor  ordered before" in result.stdout

    def test_our_own_key_is_not_revoked(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.own = key_of(desk, "spare")

        result = desk.run("keys", "revoke", "spare", "--account", "hub", "--yes")

        assert (result.exit_code, desk.records()[-1].error) == (1, "own_key")

    def test_no_is_no(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.can_ask = True

        result = desk.run("keys", "revoke", "ci", "--account", "hub", answer="n\n")

        assert (result.exit_code, len(desk.hub.keys)) == (1, 4)

    @pytest.mark.parametrize(
        "given",
        [
            (),
            ("--account", "hub"),
            ("ci", "--keyset", "tenants"),
            ("--keyset", "tenants", "--account", "hub"),
            ("ci", "--prove"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, desk: ApiDesk, given: tuple[str, ...]) -> None:
        assert desk.run("keys", "revoke", *given).exit_code == 2


class TestPruning:
    def test_what_would_become_of_every_key_is_shown_and_why(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        fill(desk)
        desk.can_ask = True

        result = desk.run(
            *("keys", "prune", "--account", "hub", "--expired", "--unused", "20d"), answer="n\n"
        )

        assert (result.exit_code, len(desk.hub.keys)) == (1, 4)
        golden("tests/golden/keys_prune.txt", result.stdout)

    def test_only_the_chosen_are_ended_each_with_its_record(self, desk: ApiDesk) -> None:
        fill(desk)

        result = desk.run("keys", "prune", "--account", "hub", "--expired", "--yes")

        assert result.stdout.endswith("revoked: 1; left alone: 3\n")
        assert {it.name for it in desk.hub.keys.values()} == {"ci", "spare", "odd"}
        intent, outcome = desk.records()
        assert (outcome.outcome, outcome.reason) == ("success", "expired")
        assert intent.evidence["name"] == "old"

    def test_a_use_that_nobody_tells_is_no_reason(self, desk: ApiDesk) -> None:
        desk.hub.does_tell_use = False
        desk.hub.add(ApiKeyWish(name="silent"), at(days=1))

        result = desk.run("keys", "prune", "--account", "hub", "--unused", "1d", "--yes")

        assert (result.exit_code, len(desk.hub.keys)) == (0, 1)
        assert "keep: its use is not told" in result.stdout

    @pytest.mark.parametrize("role", [Role.CURRENT, Role.PREVIOUS, Role.SUSPECT, Role.DISCARD])
    def test_keys_that_rotator_looks_after_are_left_alone(self, desk: ApiDesk, role: Role) -> None:
        fill(desk)
        desk.manage("old", key_of(desk, "old"), role)

        result = desk.run("keys", "prune", "--account", "hub", "--expired", "--yes")

        assert f"keep: managed: {role.value} of old" in result.stdout
        assert len(desk.hub.keys) == 4

    def test_a_stranger_that_rotator_only_saw_may_be_ended(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.manage("old", key_of(desk, "old"), Role.FOREIGN)

        desk.run("keys", "prune", "--account", "hub", "--expired", "--yes")

        assert len(desk.hub.keys) == 3

    def test_the_key_by_which_we_are_admitted_is_left_alone(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.own = key_of(desk, "old")

        result = desk.run("keys", "prune", "--account", "hub", "--expired", "--yes")

        assert "keep: rotator is admitted by it" in result.stdout
        assert len(desk.hub.keys) == 4

    def test_where_our_own_key_cannot_be_read_nothing_is_ended(self, desk: ApiDesk) -> None:
        fill(desk)
        desk.hub.wire.break_next("own_key", Failure.UNAVAILABLE)

        assert desk.run("keys", "prune", "--account", "hub", "--expired", "--yes").exit_code == 1
        assert len(desk.hub.keys) == 4

    def test_a_key_that_is_used_while_the_question_is_open_is_left_alone(
        self, desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(desk)
        spare = key_of(desk, "spare")

        def used(*_: object, **__: object) -> None:
            desk.hub.put(replace(desk.hub.keys[spare], last_used_at=at(days=40)))

        monkeypatch.setattr("rotator.cli.keys_prune.ask", used)

        result = desk.run("keys", "prune", "--account", "hub", "--unused", "20d", "--yes")

        assert result.exit_code == 1
        assert f"not revoked: {spare}: meanwhile used within 20d" in result.stderr
        assert spare in desk.hub.keys

    def test_a_key_that_is_gone_meanwhile_is_said_to_be(
        self, desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(desk)
        old = key_of(desk, "old")
        monkeypatch.setattr("rotator.cli.keys_prune.ask", lambda *_, **__: desk.hub.keys.pop(old))

        result = desk.run("keys", "prune", "--account", "hub", "--expired", "--yes")

        assert f"not revoked: {old}: it is gone meanwhile" in result.stderr

    def test_the_trouble_with_one_key_does_not_spare_the_others(self, desk: ApiDesk) -> None:
        for name in ("one", "two"):
            desk.hub.add(ApiKeyWish(name=name, lifetime=timedelta(days=1)), at(days=1))
        desk.hub.wire.break_next("revoke_api_key", Failure.UNAVAILABLE)

        result = desk.run(
            "keys",
            "prune",
            "--account",
            "hub",
            "--expired",
            "--reason",
            "spring",
            "--yes",
            "--json",
        )

        assert result.exit_code == 1
        told = {it["name"]: it["revoked"] for it in json.loads(result.stdout)}
        assert told == {"one": False, "two": True}
        assert desk.records()[-1].reason == "expired; spring"

    def test_an_account_without_keys_has_nothing_to_prune(self, desk: ApiDesk) -> None:
        result = desk.run("keys", "prune", "--account", "hub", "--expired")

        assert result.stdout == "account hub-prod (hub) has no keys\nrevoked: 0; left alone: 0\n"

    def test_it_has_to_be_said_which_keys(self, desk: ApiDesk) -> None:
        assert desk.run("keys", "prune", "--account", "hub", "--yes").exit_code == 2


class TestHistory:
    def test_what_operators_did_is_told_in_order(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        desk.run("keys", "create", "ci", "--account", "hub", "--reason", "a new pipeline")
        desk.app.clock.advance(timedelta(days=1))
        desk.run("keys", "revoke", "ci", "--account", "hub", "--yes", "--reason", "laptop stolen")
        desk.hub.wire.break_next("create_api_key", Failure.LOST_ANSWER)
        desk.run("keys", "create", "two", "--account", "hub")

        golden(
            "tests/golden/keys_history.txt",
            desk.run("keys", "history", "--account", "hub").stdout,
        )

    def test_only_what_was_revoked_is_told_to_who_asks_for_that(self, desk: ApiDesk) -> None:
        desk.run("keys", "create", "ci", "--account", "hub")
        desk.run("keys", "revoke", "ci", "--account", "hub", "--yes", "--reason", "stolen")

        result = desk.run("keys", "history", "--account", "hub", "--revoked", "--json")

        (told,) = json.loads(result.stdout)
        assert (told["what"], told["who"], told["why"]) == (
            "revoked by hand",
            "operator:ann",
            "stolen",
        )
        assert (told["keyId"], told["proof"]) == ("FAKEAPIKEY001", "listing-only")

    def test_what_is_sealed_already_is_told_too(self, desk: ApiDesk) -> None:
        desk.run("keys", "create", "ci", "--account", "hub")
        desk.seal_all()

        assert "made by hand" in desk.run("keys", "history", "--account", "hub").stdout

    def test_an_account_of_which_nothing_is_known_says_so(self, desk: ApiDesk) -> None:
        told = desk.run("keys", "history", "--account", "hub").stdout
        revoked = desk.run("keys", "history", "--account", "gone", "--revoked").stdout

        assert told == "nothing was done in account hub-prod\n"
        assert revoked.startswith("nothing was revoked in account gone, which is not configured")
