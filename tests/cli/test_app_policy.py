"""A policy file that is changed under the real app: a real SQLite journal, and no vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from rotator.app import open_app, upgrade
from rotator.core.events import AuditAction, AuditRecord
from rotator.errors import UnavailableError
from rotator.journal.journal import SqlJournal
from rotator.reconcile.permits import PermissionBook
from rotator.settings.loading import load
from tests.builders import ACCOUNT, credential
from tests.settings.files import CONFIGURATION, POLICY, Files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rotator.app import App

LATER = POLICY + "    rotate: {maxAge: 30d}\n"
FAULTY = POLICY.replace("action: rotate", "action: rotat")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    journal = f"journal: {{url: 'sqlite:///{tmp_path}/journal.db'}}\n"
    audit = f"audit: {{file: '{tmp_path}/audit.jsonl'}}\n"
    Files(tmp_path).write(f"{CONFIGURATION}mode: enforce\n{journal}{audit}")
    settings = load(tmp_path / "rotator.yaml", {})
    upgrade(settings)
    with open_app(settings, read_only=True) as opened:
        yield opened


def change(app: App, policy: str) -> None:
    """Change the file, and look as often as it takes."""
    app.settings.policy_file.write_text(policy, encoding="utf-8")
    app.reload()
    app.reload()


def count(app: App, outcome: str) -> float | None:
    registry = app.telemetry.registry
    return registry.get_sample_value("rotator_policy_reloads_total", {"outcome": outcome})


def loads(records: Iterable[AuditRecord]) -> list[AuditRecord]:
    return [item for item in records if item.action is AuditAction.POLICY_LOAD]


def test_the_next_pass_has_the_terms_of_the_changed_policy_and_names_it(app: App) -> None:
    managed = credential("ci-a", rule="ci")
    before = app.parts.terms_for(managed)

    change(app, LATER)

    after = app.parts.terms_for(managed)
    assert (before.schedule.max_age.days, after.schedule.max_age.days) == (90, 30)
    assert after.policy == app.settings.policy_digest != before.policy
    assert count(app, "loaded") == 1


def test_of_a_rule_that_is_gone_nobody_knows_the_followers_until_tags_are_read(app: App) -> None:
    managed = credential("ci-a", rule="ci")
    follower = '    followers: [{type: aws-secrets-manager, secret: "x/{principal}"}]\n'
    tagged = POLICY.replace("name: ci", "name: other").replace("match: {", "match: {tags: {a: b}, ")
    assert app.parts.terms_for(managed).is_rule_known

    change(app, tagged + follower)

    terms = app.parts.terms_for(managed)
    assert (terms.is_rule_known, len(terms.followers)) == (False, 1)


def test_the_audit_log_says_which_policy_took_the_place_of_which_and_what_changed(
    app: App,
) -> None:
    before = app.settings.policy_digest

    change(app, LATER)

    (record,) = loads(app.journal.unsealed(limit=10))
    now = app.settings.policy_digest
    assert (record.policy, record.reason) == (now, f"sha256 {now}")
    assert record.evidence["previous_sha256"] == before
    assert (record.evidence["rules"], record.evidence["changed"]) == (1, "ci")


def test_records_of_what_is_done_next_carry_the_policy_in_force(app: App) -> None:
    change(app, LATER)

    app.pause(operator="ann", reason="why")

    assert {it.policy for it in app.journal.unsealed(limit=10)} == {app.settings.policy_digest}


def test_a_scan_follows_a_changed_policy_and_none_a_refused_one(app: App) -> None:
    def scans() -> float | None:
        labels = {"provider": "aws-iam", "account": ACCOUNT, "outcome": "failure"}
        return app.telemetry.registry.get_sample_value("rotator_scans_total", labels)

    change(app, FAULTY)
    refused = scans()
    change(app, LATER)

    assert (refused, scans()) == (None, 1)


def test_what_a_feature_needs_follows_the_policy(app: App) -> None:
    create = POLICY.replace('secret: "iam/{principal}"', 'secret: "iam/{principal}", create: true')
    assert isinstance(app.parts.permits, PermissionBook)
    before = {feature for _, feature in app.parts.permits.lacks()}

    change(app, create)

    assert {feature for _, feature in app.parts.permits.lacks()} > before


def test_every_fault_is_told_once_with_its_line_and_the_last_good_policy_holds(app: App) -> None:
    before = app.settings.policy
    with capture_logs() as logs:
        change(app, FAULTY)
        app.reload()

    faults = [line["fault"] for line in logs if line["event"] == "policy fault"]
    assert [f"{app.settings.policy_file}:6: rules[0].action: " in it for it in faults] == [True]
    assert app.settings.policy is before
    assert count(app, "refused") == 1
    assert app.telemetry.registry.get_sample_value("rotator_policy_refused") == 1


def test_a_file_that_cannot_be_read_is_told_and_the_last_good_policy_holds(app: App) -> None:
    before = app.settings.policy
    app.settings.policy_file.unlink()

    app.reload()
    app.reload()

    assert app.settings.policy is before
    assert count(app, "unreadable") == 1


def test_the_record_of_a_new_policy_is_not_lost_with_the_journal_it_could_not_be_written_to(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(journal: SqlJournal, records: Iterable[AuditRecord]) -> None:
        del journal, records
        msg = "down"
        raise UnavailableError(msg)

    with monkeypatch.context() as broken:
        broken.setattr(SqlJournal, "append", down)
        change(app, LATER)
    app.seal()

    assert app.settings.policy.rules[0].overrides.max_age is not None
    sealed = app.settings.audit_file.read_text(encoding="utf-8")
    assert sealed.count('"policy.load"') == 1
    assert '"late":true' in sealed
