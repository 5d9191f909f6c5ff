"""An account of an HTTP API through the real app: its spec, two simulators, a journal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from rotator.core.accounts import unconfirmed
from rotator.core.adoption import Verdict
from rotator.core.api_keys import ApiKeyWish
from rotator.core.rotation import Phase, Trigger
from rotator.core.terms import Mode
from rotator.errors import NotFoundError, RejectedError
from tests.cli.http_estate import (
    ACME,
    HOME,
    OWN,
    POLICY,
    PROVIDER,
    WEB,
    Installation,
    http_installation,
    http_simulators,
)
from tests.cli.power import Plug, PowerCutError

if TYPE_CHECKING:
    from rotator.app import App
    from rotator.core.rotation import Rotation

__all__ = ["http_installation", "http_simulators"]

_READS = {"get-me", "list-access-keys"}


def changes(installation: Installation) -> set[str]:
    """Name what the service was asked to change."""
    return {call.operation for call in installation.stage5.calls()} - _READS


def rotations(app: App) -> dict[str, Rotation]:
    """Return the latest rotation of each principal."""
    names = {row.id: row.principal.name for row in app.journal.credentials()}
    return {names[item.credential_id]: item for item in reversed(app.journal.rotations())}


def work(installation: Installation, app: App, *, until: str) -> None:
    """Let the daemon and the integration work until a principal's rotation is over."""
    for _ in range(40):
        app.once()
        assert installation.use(), "the integration was refused"
        found = rotations(app).get(until)
        if found is not None and found.phase is Phase.COMPLETED:
            return
        installation.clock.advance_to(installation.clock.now() + timedelta(hours=3))
    pytest.fail(f"the rotation of {until} did not come to its end")


def test_an_account_of_an_api_is_a_place_beside_the_others(
    http_installation: Installation,
) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        assert [(item.provider, item.account, item.name) for item in app.places()] == [
            ("aws-iam", HOME, "prod"),
            (PROVIDER, ACME, "acme"),
        ]


def test_a_plan_shows_its_keys_and_changes_nothing(http_installation: Installation) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        rows = app.plan(ACME)

    assert sorted((row.principal, row.what) for row in rows) == [
        ("rotator", "wait"),
        ("web", "rotate"),
    ]
    assert {row.destination for row in rows} == {OWN, WEB}
    assert changes(installation) == set()


def test_what_is_published_can_be_adopted(http_installation: Installation) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        rows = {row.name: row for row in app.adoption(ACME)}

    assert {name: row.verdict for name, row in rows.items()} == {
        "rotator": Verdict.ADOPTABLE,
        "web": Verdict.ADOPTABLE,
    }


def test_keys_of_a_principal_are_explained(http_installation: Installation) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        found = app.examine("web", ACME)

    (key,) = installation.living("web")
    assert [item.key.key_id for item in found.keys] == [key.id]


def test_until_somebody_confirms_the_account_nothing_is_changed(
    http_installation: Installation,
) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.once()
        modes = {app.parts.terms_for(row).mode for row in app.journal.credentials()}
        assert modes == {Mode.PLAN}
        assert changes(installation) == set()

        app.confirm_account(ACME, operator="ann")

        modes = {app.parts.terms_for(row).mode for row in app.journal.credentials()}
        assert modes == {Mode.ENFORCE}
        assert [it.account for it in unconfirmed(app.places(), app.journal.accounts())] == [HOME]


def test_a_key_is_replaced_while_its_consumers_go_on_and_the_old_one_is_refused_at_the_end(
    http_installation: Installation,
) -> None:
    installation = http_installation
    (old,) = installation.living("web")
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.confirm_account(ACME, operator="ann")
        work(installation, app, until="web")

    (new,) = installation.living("web")
    assert installation.published(WEB) == {"KEY_ID": new.id, "SECRET_KEY": new.key}
    assert new.id != old.id
    assert new.scopes == old.scopes
    assert not installation.is_admitted(old.key)


def test_the_credential_we_enter_with_is_replaced_by_the_same_machine(
    http_installation: Installation,
) -> None:
    installation = http_installation
    (old,) = installation.living("rotator")
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        app.confirm_account(ACME, operator="ann")
        app.scan()
        own = next(it for it in app.journal.credentials() if it.principal.name == "rotator")
        app.order(own, Trigger.MANUAL, operator="ann")
        work(installation, app, until="rotator")

    (new,) = installation.living("rotator")
    assert new.id != old.id
    assert installation.published(OWN)["SECRET_KEY"] == new.key
    assert not installation.is_admitted(old.key)


@pytest.mark.parametrize(
    ("name", "is_after"),
    [("web", False), ("rotator", True)],
    ids=["a-consumers-key-before", "our-own-key-after"],
)
def test_no_power_cut_takes_a_working_key_from_its_consumers(
    http_installation: Installation, name: str, *, is_after: bool
) -> None:
    installation, plug = http_installation, Plug(PROVIDER, is_after=is_after)
    settings = installation.settings(policy=POLICY.replace("[rotator, web]", name))
    (old,) = installation.living(name)
    with open_app(settings, read_only=False, clock=installation.clock) as app:
        app.confirm_account(ACME, operator="ann")
        app.scan()
        (credential,) = [it for it in app.journal.credentials() if it.principal.name == name]
        app.order(credential, Trigger.MANUAL, operator="ann")
    for _ in range(40):
        with open_app(settings, read_only=False, clock=installation.clock) as app:
            app.parts = plug.into(app.parts)
            try:
                app.once()
            except PowerCutError:
                step = timedelta(minutes=10)
            else:
                step = timedelta(hours=3)
            newest = rotations(app).get(name)
        published = installation.published(f"stage5/{name}")["SECRET_KEY"]
        assert installation.is_admitted(published), plug.struck
        if newest is not None and newest.phase is Phase.COMPLETED:
            break
        installation.clock.advance_to(installation.clock.now() + step)

    assert set(plug.struck) >= {"create_key", "stage", "verify", "promote", "delete_key"}
    assert newest is not None
    assert newest.phase is Phase.COMPLETED
    assert [key.key for key in installation.living(name)] == [published]
    assert not installation.is_admitted(old.key)


def test_a_lost_journal_is_rebuilt_from_what_is_published(
    http_installation: Installation,
) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=False, clock=installation.clock) as app:
        rows = app.rebuild_plan(ACME)
        written = app.rebuild(rows, operator="ann")

        assert {row.candidate.principal.name for row in written} == {"rotator", "web"}


def test_an_operator_opens_an_account_by_its_id_or_its_name(
    http_installation: Installation,
) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        by_name, by_id = app.api_keys("acme"), app.api_keys(ACME)
        by_name.check_admission()
        wish = ApiKeyWish(name="by-hand", lifetime=timedelta(days=10), scopes=("projects:read",))
        made = by_name.create_api_key(wish)

        assert made.key.key_id in {key.key_id for key in by_id.api_keys()}
        with pytest.raises(NotFoundError):
            app.api_keys("other")


def test_in_plan_mode_nothing_is_changed_by_hand_either(
    http_installation: Installation,
) -> None:
    installation = http_installation
    settings = installation.settings("plan")
    wish = ApiKeyWish(name="by-hand", lifetime=timedelta(days=10), scopes=("projects:read",))
    with (
        open_app(settings, read_only=True, clock=installation.clock) as app,
        pytest.raises(RejectedError),
    ):
        app.api_keys("acme").create_api_key(wish)


def test_calls_are_counted_by_the_specs_words(http_installation: Installation) -> None:
    installation = http_installation
    with open_app(installation.settings(), read_only=True, clock=installation.clock) as app:
        app.plan(ACME)

        found = app.telemetry.registry.get_sample_value(
            "rotator_provider_calls_total", {"operation": f"{PROVIDER}:list", "code": ""}
        )
    assert found
