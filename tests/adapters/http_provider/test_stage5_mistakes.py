"""Whatever is filled in wrongly in Stage5's template is found by `rotator provider test`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.providers.http.conformance import Conformance
from rotator.providers.http.conformance_report import Outcome
from rotator.providers.http.conformance_stand import Wanted, stand_on
from rotator.settings.http_spec import load_spec
from rotator.testing.manual_clock import SeededChance
from tests.adapters.http_provider.stage5_account import SPEC, Stage5Account
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.providers.http.conformance_report import Report
    from rotator.providers.http.spec import Spec

TEXT = (ROOT / "rotator" / "simulators" / "stage5" / "spec.yaml").read_text(encoding="utf-8")
LIFETIME = timedelta(days=1)

MISTAKES = {
    "the revoke path leads nowhere": (
        'access-keys/${key.id}"\n        expect:\n          status: [204, 404]',
        'access-key/${key.id}"\n        expect:\n          status: [204, 404]',
    ),
    "the next page's pointer is mistyped": ("next: page.next", "next: page.following"),
    "the pages' envelope is mistyped": ("next: page.next", "next: pages.next"),
    "the total is mistyped": ("total: page.total", "total: page.count"),
    "the parameter of the next page is mistyped": ("param: cursor", "param: after"),
    "the list is elsewhere": ("items: items", "items: data"),
    "ids are elsewhere": ("  id: id\n", "  id: keyId\n"),
    "names are elsewhere": ("  name: name\n", "  name: title\n"),
    "creation dates are elsewhere": ("path: createdAt", "path: created"),
    "times have another form": ("createdAt\n    time: rfc3339", "createdAt\n    time: epoch"),
    "a try looks for the id elsewhere": ("- path: accessKey.id", "- path: accessKey.key"),
    "another status is a refusal": ("rejectStatus: [401]", "rejectStatus: [403]"),
    "keys are sent in another form": ("Bearer ${key.secret}", "Token ${key.secret}"),
    "our own key is sent in another form": ("Bearer ${creds.admin}", "Token ${creds.admin}"),
    "the secret is elsewhere": ("secret: key", "secret: token"),
    "the secret is another field": ("secret: key", "secret: name"),
    "another status is a success": ("status: [201]", "status: [200]"),
    "scopes are sent under another name": ('scopes: "${new.', 'permissions: "${new.'),
    "the end is sent under another name": ('expiresAt: "${new.', 'expires: "${new.'),
    "our own key is told elsewhere": ("id: accessKey.id", "id: accessKey.identity"),
    "what we may do is told elsewhere": ("contains(accessKey.scopes", "contains(accessKey.roles"),
    "last uses are told elsewhere": ("path: lastUsedAt", "path: lastUsed"),
    "ends are told elsewhere": ("path: expiresAt", "path: expires"),
    "scopes are told elsewhere": ("  scopes: scopes", "  scopes: permissions"),
    "the status is told elsewhere": ("path: status", "path: state"),
}
"""What somebody may get wrong: a place of the filled-in spec, and what stands there instead."""


def run(spec: Spec, stage5: Stage5Account) -> Report:
    wanted = Wanted(lifetime=LIFETIME, scopes=("projects:read",))
    stand = stand_on(spec, stage5.account(), stage5.acme.clock, SeededChance(), wanted)
    return Conformance(stand=stand, nonce="5eed5eed").run()


def seen(report: Report) -> str:
    return "\n".join(check.seen for check in report.checks if check.outcome is Outcome.FAILED)


@pytest.fixture
def stage5() -> Stage5Account:
    return Stage5Account()


def test_the_filled_in_spec_passes_and_leaves_nothing_behind(stage5: Stage5Account) -> None:
    before = [key.id for key in stage5.acme.state.access_keys]
    report = run(SPEC, stage5)

    assert report.has_passed, seen(report)
    assert report.count(Outcome.PASSED) == len(report.checks) - 1  # there is no switch
    left = [key.id for key in stage5.acme.state.access_keys if key.revoked_at is None]
    assert left == before


def test_it_passes_on_a_slow_and_stale_service_too(stage5: Stage5Account) -> None:
    stage5.acme.configure(
        propagation_delay_seconds=10,
        revocation_lag_seconds=30,
        list_lag_seconds=5,
        last_used_lag_seconds=5,
        max_page_size=1,
    )
    report = run(SPEC, stage5)

    assert report.has_passed, seen(report)
    assert report.refused_after
    assert 20 <= report.refused_after <= 60


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_and_its_line_is_named(
    stage5: Stage5Account, tmp_path: Path, mistake: str
) -> None:
    right, wrong = MISTAKES[mistake]
    assert TEXT.count(right) == 1, "the spec has changed"
    file = tmp_path / "stage5.yaml"
    file.write_text(TEXT.replace(right, wrong), encoding="utf-8")
    report = run(load_spec(file), stage5)

    assert not report.has_passed
    assert "stage5.yaml:" in seen(report)
    living = {key.id: key.name for key in stage5.acme.state.access_keys if key.status == "active"}
    strangers = {stage5.acme.seeded.admin.id, stage5.acme.seeded.access_keys["crm"].id}
    named = {word for left in report.left for word in (left.key_id, left.name)}
    assert strangers <= {*living}
    assert all({key, name} & named for key, name in living.items() if key not in strangers)


@pytest.mark.parametrize("who", ["crm", "reader"])
def test_who_may_not_makes_nothing(stage5: Stage5Account, who: str) -> None:
    reader = stage5.acme.made("reader", scopes=["access_keys:read"])["key"]
    before = len(stage5.acme.state.access_keys)
    stage5.token = stage5.acme.crm if who == "crm" else reader
    report = run(SPEC, stage5)

    assert not report.has_passed
    assert "You need administrator or owner privileges" in seen(report)
    assert len(stage5.acme.state.access_keys) == before
