"""`rotator rebuild`: shown, asked, written; and what it says when something is unclear."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from rotator.core.ids import RotationId, version_token
from rotator.core.rebuild import Traces, rebuilt
from rotator.core.rotation import Role
from rotator.core.terms import Terms
from rotator.reconcile.rebuilding import RebuildRow
from tests.builders import (
    ACCOUNT,
    EPOCH,
    NEW_KEY,
    OLD_KEY,
    OLD_VERSION,
    an_id,
    at,
    credential,
    key_record,
)
from tests.core.worlds import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.desk import Desk

OURS = RotationId(an_id("ours"))
VERSION = version_token(OURS, NEW_KEY, 1)


def in_grace(name: str) -> RebuildRow:
    """Find a principal whose old key is in its grace."""
    adopted = replace(credential(name), current_key_id=NEW_KEY, current_version=VERSION)
    versions = frozenset({VERSION, OLD_VERSION})
    traces = Traces(
        credential=adopted,
        records=(
            key_record(adopted, OLD_KEY, role=Role.FOREIGN, created_at=at(days=-80)),
            key_record(adopted, NEW_KEY, role=Role.FOREIGN, rotation_id=OURS),
        ),
        state=state(VERSION, versions=versions, previous=OLD_VERSION),
        replaced=OLD_KEY,
    )
    made = rebuilt(traces, Terms(), EPOCH, spare=RotationId(an_id("spare")))
    return RebuildRow(candidate=credential(name), rebuilt=made)


def unclear(name: str) -> RebuildRow:
    """Find a principal of which nothing can be said."""
    return RebuildRow(candidate=credential(name), note="throttled", is_unclear=True)


def known(name: str) -> RebuildRow:
    """Find a principal that needs nothing."""
    return RebuildRow(candidate=credential(name), note="rebuilt before")


def test_a_plan_shows_every_key_with_its_proof_and_writes_nothing(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    desk.app.rebuilt = (in_grace("ci"), known("cron"), unclear("web"))
    result = desk.run("rebuild", "--plan")

    assert result.exit_code == 3
    assert desk.app.calls == ["open tests read-only", "rebuild_plan None"]
    golden("tests/golden/rebuild.txt", result.stdout)
    golden("tests/golden/rebuild.json", desk.run("rebuild", "--plan", "--json").stdout)


def test_namesakes_of_two_providers_are_told_apart(desk: Desk) -> None:
    twin = unclear("ci")
    other = replace(twin.candidate.principal, provider="cipherstash-client-key")
    desk.app.rebuilt = (
        in_grace("ci"),
        replace(twin, candidate=replace(twin.candidate, principal=other)),
    )

    shown = desk.run("rebuild", "--plan").stdout.splitlines()
    assert shown[0].split()[:3] == ["NAME", "PROVIDER", "ACCOUNT"]
    assert [line.split()[1] for line in shown[1:]] == [
        "aws-iam",
        "aws-iam",
        "cipherstash-client-key",
    ]


def test_it_is_shown_then_asked_then_written(desk: Desk) -> None:
    desk.app.rebuilt, desk.can_ask = (in_grace("ci"), in_grace("web")), True
    result = desk.run("rebuild", answer="y\n")

    assert result.exit_code == 0
    assert "write the journal of 2 principals again" in result.stdout
    assert "written: 2 principals, 2 with an old key to let go" in result.stdout
    assert f"nothing is done before: rotator accounts confirm {ACCOUNT}" in result.stdout
    assert desk.app.calls[-1] == "rebuild by ann"


def test_keys_that_stay_strangers_are_counted_before_anybody_agrees(desk: Desk) -> None:
    row = in_grace("ci")
    assert row.rebuilt is not None
    foreign = tuple(
        replace(item, record=replace(item.record, role=Role.FOREIGN))
        for item in row.rebuilt.findings
    )
    desk.app.rebuilt = (replace(row, rebuilt=replace(row.rebuilt, findings=foreign)),)

    assert "strangers'  2 of the keys" in desk.run("rebuild", "--yes").stdout


def test_a_no_writes_nothing(desk: Desk) -> None:
    desk.app.rebuilt, desk.can_ask = (in_grace("ci"),), True
    result = desk.run("rebuild", answer="n\n")

    assert result.exit_code == 1
    assert "rebuild by ann" not in desk.app.calls


def test_where_nobody_can_be_asked_consent_is_given_beforehand(desk: Desk) -> None:
    desk.app.rebuilt = (in_grace("ci"), unclear("web"))
    assert desk.run("rebuild").exit_code == 2
    assert "rebuild by ann" not in desk.app.calls

    result = desk.run("rebuild", "--yes", "--json")

    assert result.exit_code == 3
    assert "left out  web; see above why" in result.stderr
    assert [row["name"] for row in json.loads(result.stdout)] == ["ci", "web"]


def test_nothing_is_asked_where_there_is_nothing_to_write(desk: Desk) -> None:
    assert "no principal has a key" in desk.run("rebuild").stdout

    desk.app.rebuilt = (known("ci"),)
    result = desk.run("rebuild")

    assert result.exit_code == 0
    assert "rebuild by ann" not in desk.app.calls


def test_one_account_can_be_named_if_it_is_configured(desk: Desk) -> None:
    assert desk.run("rebuild", "--plan", "--account", ACCOUNT).exit_code == 0
    assert desk.app.calls[-1] == f"rebuild_plan {ACCOUNT}"

    result = desk.run("rebuild", "--account", "999999999999")

    assert result.exit_code == 2
    assert ACCOUNT in result.stderr
