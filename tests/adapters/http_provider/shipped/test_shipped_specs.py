"""Every shipped spec loads, and its vendor's own answers make a rotation of it.

There is not one line about any vendor here: a test looks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_limits import RateUnit
from rotator.errors import AccessDeniedError, ConfigError, QuotaExceededError, ThrottledError
from rotator.ports.provider import CanDisable, CanReportUse, CanTellOwn, Verdict
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_report import Outcome
from rotator.providers.http.conformance_stand import Wanted, stand_on
from rotator.providers.http.holes import holes_of
from rotator.providers.http.spec import EvidenceKind, PageKind
from rotator.providers.http.templates import Namespace
from rotator.settings.http_spec import load_spec
from rotator.testing.manual_clock import SeededChance
from rotator.testing.provider_bench import OTHER_ROTATION, ROTATION
from tests.adapters.http_provider.shipped.fixtures import SPECS, Said, names, read_fixture
from tests.adapters.http_provider.shipped.replay import SESSION
from tests.adapters.http_provider.shipped.stand import ACCOUNT, Stand, stand

if TYPE_CHECKING:
    from rotator.providers.http.conformance_report import Check
    from rotator.providers.http.conformance_stand import Stand as TrialStand

TESTED_LIVE = {"jupyterhub"}
TEMPLATES = {"stage5"}
STEPS = {"list", "create", "verify", "revoke"}


@pytest.fixture(params=names())
def shipped(request: pytest.FixtureRequest) -> Stand:
    return stand(request.param)


def test_every_shipped_spec_has_a_fixture_or_a_server() -> None:
    shipped = {path.stem for path in SPECS.glob("*.yaml")} - TEMPLATES

    assert shipped == set(names()) | TESTED_LIVE


def test_a_spec_is_called_like_its_file(shipped: Stand) -> None:
    assert shipped.spec.name == shipped.fixture.spec


def test_a_template_is_refused_until_it_is_filled_in() -> None:
    with pytest.raises(ConfigError):
        load_spec(SPECS / "stage5.yaml")


def test_only_answers_of_the_vendors_own_make_a_spec_verified(shipped: Stand) -> None:
    is_whole = set(shipped.fixture.verbatim) == STEPS

    assert set(shipped.fixture.verbatim) <= STEPS
    assert (shipped.spec.evidence.kind is EvidenceKind.VENDOR_FIXTURE) == is_whole
    assert is_whole or shipped.spec.evidence.kind is EvidenceKind.UNVERIFIED


def test_the_spec_says_where_its_fixture_is_from(shipped: Stand) -> None:
    told, taken = shipped.spec.evidence.source, shipped.fixture.source

    assert set(re.findall(r"[0-9a-f]{40}", told)) == set(re.findall(r"[0-9a-f]{40}", taken))
    assert re.search(r"[0-9a-f]{40}|read \d{4}-\d\d", told)


def test_the_printed_keys_are_listed(shipped: Stand) -> None:
    principals = {one.name for one in shipped.provider.principals(ACCOUNT)}
    found = shipped.listed()[shipped.replaced]

    assert shipped.fixture.principal in principals
    assert found.enabled
    assert found.is_dated == shipped.spec.is_dated
    assert found.rotation is None
    assert not shipped.replay.strays


def test_a_successor_is_made_listed_tried_and_the_old_key_ended(shipped: Stand) -> None:
    old_secret = shipped.replay.secret_of(shipped.replaced)
    assert shipped.tried(shipped.replaced, old_secret) is Verdict.ACCEPTED

    minted = shipped.mint(ROTATION)
    new = minted.material.key_id
    shipped.clock.advance(timedelta(minutes=10))
    listed = shipped.listed()
    assert listed.keys() >= {new, shipped.replaced}
    assert listed[new].enabled
    assert listed[new].rotation == (ROTATION if shipped.provider.traits.marks_keys else None)

    assert shipped.tried(new, minted.material.secret) is Verdict.ACCEPTED
    assert shipped.tried(shipped.replaced, old_secret) is Verdict.ACCEPTED

    shipped.end(shipped.replaced)
    assert shipped.replaced not in shipped.listed()
    assert shipped.tried(shipped.replaced, old_secret) is Verdict.NOT_YET
    assert shipped.tried(new, minted.material.secret) is Verdict.ACCEPTED
    assert not shipped.replay.strays


def test_pages_of_one_key_show_the_same_keys(shipped: Stand) -> None:
    if shipped.fixture.keys.paged is None:
        assert shipped.spec.listing.pagination.kind is PageKind.NONE
        return
    made = [shipped.mint(ROTATION), shipped.mint(OTHER_ROTATION)]
    small = stand(shipped.fixture.spec, page_size=1)
    small.replay.keys = shipped.replay.keys

    assert small.listed().keys() == shipped.listed().keys()
    assert small.listed().keys() >= {one.material.key_id for one in made}
    assert len(small.replay.asked) > len(made)


def test_ending_a_key_twice_is_no_error(shipped: Stand) -> None:
    shipped.end(shipped.replaced)
    shipped.clock.advance(timedelta(hours=1))
    shipped.end(shipped.replaced)

    assert shipped.replaced not in shipped.listed()
    assert not shipped.replay.strays


@pytest.mark.parametrize("damage", ["cut", "quoted", "made up"])
def test_a_damaged_secret_is_refused(shipped: Stand, damage: str) -> None:
    whole = shipped.mint(ROTATION).material
    text = whole.secret.reveal()
    damaged = {"cut": text[:-1], "quoted": f'"{text}', "made up": text[:-4] + "9999"}[damage]

    assert shipped.tried(whole.key_id, damaged) is Verdict.NOT_YET


def test_a_key_is_switched_off_and_on_where_the_vendor_can(shipped: Stand) -> None:
    provider, material = shipped.provider, shipped.mint(ROTATION).material
    if not isinstance(provider, CanDisable):
        assert not shipped.provider.traits.can_disable
        return

    provider.disable_key(shipped.principal, material.key_id, not_after=shipped.soon())
    assert not shipped.listed()[material.key_id].enabled
    assert shipped.tried(material.key_id, material.secret) is Verdict.NOT_YET

    provider.enable_key(shipped.principal, material.key_id, not_after=shipped.soon())
    assert shipped.listed()[material.key_id].enabled
    assert shipped.tried(material.key_id, material.secret) is Verdict.ACCEPTED


def test_times_are_read_as_the_vendor_writes_them(shipped: Stand) -> None:
    provider, told = shipped.provider, shipped.fixture.reads
    found = shipped.listed()[shipped.replaced]
    read: dict[str, datetime | str] = {"created": found.created_at} if found.is_dated else {}
    if found.expires_at is not None:
        read["expires"] = found.expires_at
    if isinstance(provider, CanReportUse):
        used_at = provider.last_used(shipped.principal, shipped.replaced).at
        read["used"] = used_at or "never"

    assert read == {name: _instant(text) for name, text in told.items()}


def _instant(text: str) -> datetime | str:
    return text if text == "never" else datetime.fromisoformat(text)


def test_our_own_key_is_told_only_where_the_vendor_tells_it(shipped: Stand) -> None:
    provider = shipped.provider
    if not isinstance(provider, CanTellOwn):
        assert shipped.spec.own is None
        return

    own = provider.own_key(ACCOUNT)
    assert own is not None
    assert own not in shipped.listed()


def test_no_more_keys_are_made_than_the_vendor_allows(shipped: Stand) -> None:
    shipped.mint(ROTATION)
    if shipped.provider.traits.max_keys is None:
        shipped.mint(OTHER_ROTATION)
        return

    with pytest.raises(QuotaExceededError):
        shipped.mint(OTHER_ROTATION)


def test_the_conformance_run_passes_where_needed_with_keys_like_another(shipped: Stand) -> None:
    wanted = Wanted(lifetime=shipped.account.lifetime, scopes=shipped.fixture.scopes)
    on = stand_on(shipped.spec, shipped.account, shipped.clock, SeededChance(), wanted)
    if must_be_known_first(shipped):
        assert "a key can be made" in {check.what for check in failed(on)}
        like = next(it for it in on.keys.api_keys() if it.key_id == shipped.fixture.replaces)
        on = replace(on, wanted=replace(wanted, like=like))

    report = Conformance(on, nonce="0a0b0c0d").run()

    assert not [check for check in report.checks if check.outcome is Outcome.FAILED]
    assert report.has_passed
    assert not report.left


def failed(on: TrialStand) -> list[Check]:
    report = Conformance(on, nonce="0d0c0b0a").run()
    return [check for check in report.checks if check.outcome is Outcome.FAILED]


def must_be_known_first(shipped: Stand) -> bool:
    """Whether a key can only be made like another one."""
    holes = holes_of(shipped.spec.creation.operation)
    old = [hole for hole in holes if hole.namespace is Namespace.OLD]
    return any(not hole.filters for hole in old)


def test_a_busy_vendor_is_asked_again_when_it_says(shipped: Stand) -> None:
    limit, at = shipped.spec.rate_limit, shipped.clock.now() + timedelta(seconds=40)
    header = limit.retry_after or "Retry-After"
    told = f"{at.timestamp():.0f}" if limit.retry_after_unit is RateUnit.EPOCH else "40"
    shipped.replay.busy = Said(status=429, headers={header: told})

    with pytest.raises(ThrottledError) as caught:
        shipped.listed()
    assert caught.value.retry_after == timedelta(seconds=40)


def test_a_wrong_credential_of_ours_is_an_access_that_is_denied(shipped: Stand) -> None:
    wrong = dict.fromkeys(shipped.fixture.credentials, "of-somebody-else")
    other = stand(shipped.fixture.spec, credentials=wrong)

    with pytest.raises(AccessDeniedError) as caught:
        other.listed()
    shown = f"{caught.value} {caught.value.hint}"
    assert f"{shipped.spec.name}.yaml:" in shown
    assert "of-somebody-else" not in shown


def test_every_call_of_ours_goes_where_the_spec_says_and_shows_no_secret_in_its_url(
    shipped: Stand,
) -> None:
    minted = shipped.mint(ROTATION)
    shipped.tried(minted.material.key_id, minted.material.secret)
    shipped.end(minted.material.key_id)

    hidden = [*shipped.fixture.secrets, SESSION, minted.material.secret.reveal()]
    urls = [f"{asked.url}?{asked.query}" for asked in shipped.replay.asked]
    assert not [url for url in urls for text in hidden if text in url and len(text) > 12]


def test_no_line_of_these_tests_knows_a_vendor() -> None:
    words = {name.partition("-")[0] for name in names()}
    here = Path(__file__).parent

    for path in sorted(here.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not [
            word for word in words if re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE)
        ], path


def test_the_same_holds_of_the_engine() -> None:
    words = {name.partition("-")[0] for name in names()}
    engine = Path(load_spec.__code__.co_filename).parents[1] / "providers" / "http"

    for path in sorted(engine.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if re.search(rf"\b{word}\b", text, re.IGNORECASE)], path


def test_a_fixture_says_what_it_is_from() -> None:
    for name in names():
        assert read_fixture(name).source
