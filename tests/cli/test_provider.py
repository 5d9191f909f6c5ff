"""`rotator provider`: specs read, listed and tried, by the command."""

from __future__ import annotations

import json
import os
import re
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rotator.core.events import AuditAction
from rotator.simulators.stage5.shapes import FaultKind, FaultRule
from tests.cli.api_desk import SPEC, ApiDesk
from tests.cli.live_stage5 import STAGE5, Live, desk, live
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

__all__ = ["desk", "live"]


class TestChecking:
    def test_what_specs_can_do_is_summarised(
        self, desk: ApiDesk, golden: Callable[[str, str], None]
    ) -> None:
        result = desk.run("provider", "check", str(desk.folder / "hub.yaml"), str(STAGE5))

        assert result.exit_code == 0
        golden("tests/golden/provider_check.txt", result.stdout)

    def test_machines_are_told_every_capability(self, desk: ApiDesk) -> None:
        result = desk.run("provider", "check", str(desk.folder / "hub.yaml"), "--json")

        (told,) = json.loads(result.stdout)
        assert told["name"] == "hub-token"
        assert told["capabilities"]["expiry"]
        assert not told["capabilities"]["disable"]
        assert told["evidence"]["kind"] == "unverified"

    def test_the_faults_of_all_are_told_at_once_with_their_lines(self, desk: ApiDesk) -> None:
        bad = desk.folder / "bad.yaml"
        bad.write_text(SPEC.replace("name: hub-token", "name: Hub Token"), encoding="utf-8")
        worse = desk.folder / "worse.yaml"
        worse.write_text(SPEC.replace("items: tokens", "items: '[['"), encoding="utf-8")

        result = desk.run("provider", "check", str(bad), str(STAGE5), str(worse))

        assert (result.exit_code, result.stdout) == (2, "")
        lines = result.stderr.splitlines()
        assert any(line.startswith(f"{bad}:3: name:") for line in lines)
        assert any(line.startswith(f"{worse}:") for line in lines)

    def test_a_template_that_is_not_filled_in_is_refused(self, desk: ApiDesk) -> None:
        result = desk.run("provider", "check", str(ROOT / "config/providers/stage5.yaml"))

        assert result.exit_code == 2
        assert "is not filled in" in result.stderr

    def test_a_file_that_is_not_there_is_a_fault(self, desk: ApiDesk) -> None:
        assert desk.run("provider", "check", str(desk.folder / "none.yaml")).exit_code == 2


class TestListing:
    def test_the_configured_ones_are_listed_with_their_accounts(self, desk: ApiDesk) -> None:
        result = desk.run("provider", "list")

        assert result.stdout.splitlines()[1].split()[:3] == ["hub-token", "hub-prod", "unverified"]

    def test_a_folder_is_listed_with_what_cannot_be_used_in_it(self, desk: ApiDesk) -> None:
        (desk.folder / "policy.yaml").unlink()
        (desk.folder / "rotator.yaml").unlink()
        (desk.folder / "broken.yaml").write_text("kind: HttpProvider\n", encoding="utf-8")

        result = desk.run("provider", "list", str(desk.folder))

        broken, hub = result.stdout.splitlines()[1:]
        assert re.search(r"\d+ faults .*rotator provider check", broken)
        assert hub.startswith("hub-token")

    def test_machines_are_told_the_faults(self, desk: ApiDesk) -> None:
        (desk.folder / "broken.yaml").write_text("kind: HttpProvider\n", encoding="utf-8")

        told = json.loads(desk.run("provider", "list", str(desk.folder), "--json").stdout)

        by_file = {it["file"].rpartition("/")[2]: it for it in told}
        assert by_file["broken.yaml"]["faults"]
        assert by_file["hub.yaml"]["faults"] == []

    def test_where_there_is_none_it_says_so(self, desk: ApiDesk, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        desk.configure(SPEC, "mode: enforce\n")

        assert "no spec is configured" in desk.run("provider", "list").stdout
        assert f"no spec is in {empty}" in desk.run("provider", "list", str(empty)).stdout


# ----------------------------------------------------------------------- trying


def without_ids(text: str, live: Live) -> str:
    text = text.replace(live.server.url.removeprefix("http://"), "HOST")
    text = re.sub(r"key_[a-z2-7]{16}", "KEY", text)
    text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)
    return re.sub(r"after \d+ s", "after N s", text)


class TestTrying:
    def test_a_true_spec_passes_and_says_what_may_be_written_into_it(
        self, live: Live, golden: Callable[[str, str], None]
    ) -> None:
        live.desk.can_ask = True

        result = live.test("--scope", "messages:write", answer="y\n")

        assert result.exit_code == 0
        golden("tests/golden/provider_test.txt", without_ids(result.stdout, live))
        assert live.admin not in result.output

    def test_no_is_no_and_nothing_was_made(self, live: Live) -> None:
        before, live.desk.can_ask = live.names, True

        assert live.test(answer="n\n").exit_code == 1
        assert live.names == before

    def test_where_nobody_can_be_asked_consent_is_needed(self, live: Live) -> None:
        assert live.test().exit_code == 2

    def test_what_an_earlier_run_left_is_ended_with_consent(self, live: Live) -> None:
        assert live.names == ["rotator", "rotator-test-00000000-a"]

        result = live.test("--yes")

        assert "of earlier runs, which are ended, too: rotator-test-00000000-a" in result.stdout
        assert live.names == ["rotator"]

    def test_a_false_spec_fails_with_its_line(self, live: Live) -> None:
        rule = FaultRule(kind=FaultKind.ACCESS_DENIED, operation="create-access-key", times=None)
        live.server.world.faults.add(rule)

        result = live.test("--yes")

        assert result.exit_code == 1
        assert re.search(r"failed +a key can be made: .*spec.yaml:\d+: ", result.stdout)
        assert "failed: 2 checks" not in result.stdout

    def test_keys_that_cannot_be_ended_are_named_with_what_to_do(
        self, live: Live, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rotator.telemetry.clock.SystemClock.sleep", lambda *_: None)
        monkeypatch.setattr(
            "rotator.providers.http.conformance_stand._LEAST_WAIT", timedelta(milliseconds=10)
        )
        monkeypatch.setattr("rotator.providers.http.conformance_stand._PATIENCE", 0)
        live.configure()
        live.test("--yes")
        rule = FaultRule(kind=FaultKind.ACCESS_DENIED, operation="revoke-access-key", times=None)
        live.server.world.faults.add(rule)

        result = live.desk.run("provider", "test", "--account", "hub", "--yes")
        free = live.test("--yes")

        assert (result.exit_code, free.exit_code) == (3, 3)
        assert re.search(r"left behind: key_\w+ rotator-test-\w+-a: ", result.stdout)
        assert "end it: rotator keys revoke --account hub-prod key_" in result.stdout
        assert "end it: in the vendor's dashboard; or run this again" in free.stdout

    def test_machines_are_told_every_check(self, live: Live) -> None:
        result = live.test("--yes", "--json")

        told = json.loads(result.stdout)
        assert (told["passed"], told["leftBehind"], told["stopped"]) == (True, [], False)
        assert {it["outcome"] for it in told["checks"]} == {"passed", "not applicable"}
        assert told["provider"] == "stage5-access-key"

    def test_all_can_be_taken_from_the_configuration_and_is_audited(self, live: Live) -> None:
        live.configure()

        result = live.desk.run("provider", "test", str(STAGE5), "--account", "hub", "--yes")

        assert result.exit_code == 0
        assert "they expire by themselves after 120d" in result.stdout
        intent, outcome = live.desk.records()
        assert intent.action is outcome.action is AuditAction.OPERATOR_TEST_PROVIDER
        assert (intent.outcome, outcome.outcome) == ("pending", "success")
        assert outcome.evidence["passed"] is True
        assert outcome.evidence["keys_left"] is None

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_whoever_interrupts_it_gets_no_key_left_behind(
        self, live: Live, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = live.server.world
        world.settings = world.settings.model_copy(update={"propagation_delay_seconds": 3600})
        pressed = []

        def sleep(*_: object) -> None:
            pressed.append(number)
            os.kill(os.getpid(), number)

        monkeypatch.setattr("rotator.telemetry.clock.SystemClock.sleep", sleep)

        result = live.test("--yes")

        assert (result.exit_code, live.names) == (1, ["rotator"])
        assert "stopping: the keys of this run are ended first" in result.stderr
        assert "stopped: it shows nothing" in result.stdout
        assert len(pressed) == 1

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ((), "write a SPEC, or --account"),
            (("--account", "hub", "--param", "a=b"), "leave --base-url, --param"),
            (("--account", "hub", str(STAGE5)), "is of hub-token"),
            ((str(STAGE5), "--param", "workspace"), "write NAME=VALUE"),
        ],
    )
    def test_it_has_to_be_said_what_to_try_and_once(
        self, desk: ApiDesk, given: tuple[str, ...], told: str
    ) -> None:
        result = desk.run("provider", "test", *given)

        assert result.exit_code == 2
        assert told in result.stderr

    def test_a_spec_that_always_sends_scopes_asks_for_them_first(self, desk: ApiDesk) -> None:
        text = SPEC.replace("${new.scopes|optional}", "${new.scopes}")
        (desk.folder / "hub.yaml").write_text(text, encoding="utf-8")

        result = desk.run("provider", "test", "--account", "hub", "--yes")

        assert (result.exit_code, result.stdout) == (2, "")
        assert "add --scope" in result.stderr

    def test_everything_that_is_missing_is_told_at_once(self, desk: ApiDesk) -> None:
        result = desk.run("provider", "test", str(STAGE5), "--param", "other=1")

        assert result.exit_code == 2
        for part in (
            "parameter `workspace`",
            "credential `admin`",
            "params.other",
            "add --base-url",
        ):
            assert part in result.stderr

    def test_a_key_on_the_command_line_is_refused_and_not_repeated(self, desk: ApiDesk) -> None:
        result = desk.run(
            "provider", "test", str(STAGE5), "--credential", "admin=s5k_typed_in_here"
        )

        assert result.exit_code == 2
        assert "s5k_typed" not in result.output

    def test_a_secret_that_no_configuration_leads_to_is_refused(self, live: Live) -> None:
        result = live.test("--credential", "admin=secret:rotator/hub#KEY", "--yes")

        assert result.exit_code == 2
        assert "write env:VARIABLE or file:PATH" in result.stderr

    def test_a_credential_that_is_not_there_is_told(self, live: Live) -> None:
        (live.desk.folder / "token").unlink()

        result = live.test("--yes")

        assert result.exit_code == 1
        assert "the credential `admin` cannot be read" in result.stderr

    def test_plan_mode_tries_nothing(self, live: Live) -> None:
        live.configure()
        file = live.desk.folder / "rotator.yaml"
        file.write_text(file.read_text().replace("mode: enforce", "mode: plan"), encoding="utf-8")

        result = live.desk.run("provider", "test", "--account", "hub", "--yes")

        assert (result.exit_code, "plan mode" in result.stderr) == (1, True)


def with_parameter(desk: ApiDesk, kind: str, text: str) -> Result:
    """Try a spec that has a parameter of a kind, and give it a text."""
    more = f"params:\n  more: {{type: {kind}, description: something}}\n"
    spec = SPEC.replace("params:\n", more).replace(
        'note: "${new.name}"', 'note: "${new.name}"\n        more: "${params.more}"'
    )
    (desk.folder / "odd.yaml").write_text(spec, encoding="utf-8")
    return desk.run(
        *("provider", "test", str(desk.folder / "odd.yaml"), "--param", "user=robot"),
        *("--param", f"more={text}", "--credential", "admin=file:/nowhere"),
        *("--base-url", "https://hub.invalid"),
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "-7"), ("boolean", "true"), ("list", '["a", "b"]'), ("json", '{"a": 1}')],
)
def test_parameters_are_read_as_what_the_spec_says_that_they_are(
    desk: ApiDesk, kind: str, text: str
) -> None:
    result = with_parameter(desk, kind, text)

    assert "the credential `admin` cannot be read" in result.stderr


@pytest.mark.parametrize(("kind", "text"), [("integer", "x"), ("boolean", "yes"), ("list", "a,b")])
def test_parameters_of_another_kind_are_refused(desk: ApiDesk, kind: str, text: str) -> None:
    result = with_parameter(desk, kind, text)

    assert result.exit_code == 2
    assert "params.more" in result.stderr
