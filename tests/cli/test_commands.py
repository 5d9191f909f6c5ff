from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

import rotator.cli.invocation
from rotator.cli.invocation import Invocation
from rotator.cli.main import COMMANDS, cli
from rotator.cli.printing import print_json, span
from rotator.core.ids import AccountId, KeyId
from rotator.errors import UnavailableError
from rotator.reconcile.planning import PlanRow
from tests.builders import ACCOUNT, OLD_KEY, at
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.desk import Desk


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Name every command, the groups before their members."""
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


def test_every_command_explains_itself_with_examples(golden: Callable[[str, str], None]) -> None:
    texts = []
    for path in commands(cli):
        result = CliRunner().invoke(cli, [*path, "--help"], prog_name="rotator", obj=Invocation())
        assert result.exit_code == 0
        assert "Examples:" in result.stdout
        texts.append(f"$ {' '.join(('rotator', *path, '--help'))}\n{result.stdout}")

    golden("tests/golden/help.txt", "\n".join(texts))


def test_help_loads_no_command_that_is_heavy() -> None:
    code = (
        "import sys; from rotator.cli.main import cli\n"
        "try: cli(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'yaml', 'pydantic', 'boto3', 'botocore', 'sqlalchemy', 'alembic',"
        " 'apscheduler', 'starlette', 'uvicorn', 'httpx', 'structlog', 'rotator.app'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (result.returncode, result.stderr) == (0, b"")


def test_an_unknown_command_is_a_usage_error(desk: Desk) -> None:
    assert desk.run("frobnicate").exit_code == 2


# ----------------------------------------------------------------- run, once and plan


def test_run_opens_the_app_to_act(desk: Desk) -> None:
    assert desk.run("run").exit_code == 0
    assert desk.app.calls == ["open tests", "run"]


def test_once_tells_by_its_exit_code_that_something_waits_for_a_person(desk: Desk) -> None:
    assert desk.run("once").exit_code == 0
    desk.app.held = 2

    result = desk.run("once")

    assert result.exit_code == 3
    assert "2 waiting for a person" in result.stdout


def plan_rows() -> tuple[PlanRow, ...]:
    """Make a plan for a key that is old, and for a principal without one."""
    old = PlanRow(
        account=ACCOUNT,
        principal="ci",
        rule="ci",
        key_id=OLD_KEY,
        created_at=at(days=-60),
        age=at(days=40) - at(days=-60),
        when=at(days=40),
        what="rotate",
        reason="older than the policy asks for",
    )
    none = PlanRow(
        account=AccountId("444455556666"),
        principal="web",
        rule="defaults",
        key_id=None,
        created_at=None,
        age=None,
        when=None,
        what="hold",
        reason="cannot be listed\n  try: a permission",
        is_held=True,
    )
    return old, none


def test_a_plan_changes_nothing_and_shows_why(
    desk: Desk, golden: Callable[[str, str], None]
) -> None:
    desk.app.rows = plan_rows()

    result = desk.run("plan")

    assert result.exit_code == 3
    assert desk.app.calls == ["open tests read-only", "plan"]
    golden("tests/golden/plan.txt", result.stdout)
    golden("tests/golden/plan.json", desk.run("plan", "--json").stdout)


def test_a_plan_without_a_hold_is_done(desk: Desk) -> None:
    assert "no principal" in desk.run("plan").stdout
    desk.app.rows = plan_rows()[:1]

    assert desk.run("plan").exit_code == 0


# ---------------------------------------------------------------------- config and db


def test_a_sound_configuration_is_summed_up(desk: Desk) -> None:
    result = desk.run("config", "check")

    assert result.exit_code == 0
    assert "fine, 1 rule\n" in result.stdout
    assert "enforce" in result.stdout
    assert desk.app.calls == []


def test_every_fault_of_a_configuration_is_shown_and_the_exit_code_is_2(desk: Desk) -> None:
    Files(desk.folder).write(CONFIGURATION + "mod: plan\nweb: {port: high}\n", "rules: []\n")

    result = desk.run("config", "check")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 4


def test_the_journal_is_made_and_kept(desk: Desk) -> None:
    url = f"sqlite:///{desk.folder}/journal.db"
    Files(desk.folder).write(CONFIGURATION + f"journal: {{url: '{url}'}}\n")

    first, second = desk.run("db", "upgrade"), desk.run("db", "upgrade")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.startswith("made a journal at schema ")
    assert second.stdout.startswith("nothing to do")


def test_a_journal_of_an_older_release_is_brought_up_to_date(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rotator.app.upgrade_journal", lambda _: ("0001", "0002"))

    assert desk.run("db", "upgrade").stdout == "brought the journal from schema 0001 to 0002\n"


# --------------------------------------------------------- options, errors, exit codes


def test_an_error_is_shown_in_its_own_words_without_a_traceback(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise UnavailableError("there is no journal yet", subject="j.db", hint="rotator db upgrade")

    monkeypatch.setattr(desk.app, "run", lambda: fail(None))

    result = desk.run("run")

    assert result.exit_code == 1
    assert result.stderr == "error: j.db: there is no journal yet\n  try: rotator db upgrade\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "{folder}/other.yaml", "config", "check"],
        ["config", "check", "--config", "{folder}/other.yaml"],
    ],
)
def test_the_configuration_may_be_named_before_or_behind_the_command(
    desk: Desk, arguments: list[str]
) -> None:
    Files(desk.folder).write()
    (desk.folder / "rotator.yaml").rename(desk.folder / "other.yaml")

    result = desk.run(*(word.format(folder=desk.folder) for word in arguments))

    assert result.exit_code == 0
    assert "other.yaml" in result.stdout


def test_the_environment_names_the_configuration_if_no_option_does(desk: Desk) -> None:
    invocation = Invocation(environ={"ROTATOR_CONFIG": str(desk.folder / "rotator.yaml")})

    assert invocation.settings().owner == "tests"


def test_the_usual_places_are_searched_in_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (desk.folder / "missing.yaml", desk.folder / "rotator.yaml")
    monkeypatch.setattr(rotator.cli.invocation, "SEARCHED", places)

    assert Invocation(environ={}).settings().owner == "tests"


def test_no_configuration_at_all_is_said_with_a_way_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotator.cli.invocation, "SEARCHED", (Path("/nowhere/rotator.yaml"),))

    result = CliRunner().invoke(cli, ["plan"], obj=Invocation(environ={}))

    assert result.exit_code == 2
    assert "--config" in result.stderr


def test_a_usual_place_that_we_are_kept_from_is_told_and_not_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = desk.folder / "closed" / "rotator.yaml"
    is_file, read_bytes = Path.is_file, Path.read_bytes

    def open_to_us(path: Path) -> Path:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return path

    # Root is kept from nothing.
    monkeypatch.setattr(Path, "is_file", lambda path: is_file(open_to_us(path)))
    monkeypatch.setattr(Path, "read_bytes", lambda path: read_bytes(open_to_us(path)))
    places = (closed, desk.folder / "rotator.yaml")
    monkeypatch.setattr(rotator.cli.invocation, "SEARCHED", places)

    result = CliRunner().invoke(cli, ["plan"], obj=Invocation(environ={}))

    assert (result.exit_code, str(closed) in result.stderr) == (2, True)
    assert "Permission denied" in result.stderr


def test_every_command_in_the_table_exists() -> None:
    context = click.Context(cli)

    assert [name for name in COMMANDS if cli.get_command(context, name) is None] == []


# -------------------------------------------------------------------------- printing


def test_an_age_is_told_in_days_once_it_has_some() -> None:
    assert span(at(hours=47) - at()) == "47h"
    assert span(at(hours=48) - at()) == "2d"


def test_what_json_cannot_say_is_not_guessed() -> None:
    with pytest.raises(TypeError, match="set"):
        print_json({KeyId("a")})


@pytest.mark.parametrize("option", ["--role", "--except"])
def test_a_policy_that_shuts_everybody_else_out_names_no_role_that_cannot_be(
    desk: Desk, option: str
) -> None:
    fine = "arn:aws:iam::*:role/rotator"

    refused = desk.run("aws", "policy", "scp", "--role", fine, option, "rotator")

    assert refused.exit_code == 2
    assert "`rotator` is not a role's or user's ARN" in refused.stderr
    assert desk.run("aws", "policy", "scp", "--role", fine, option, fine).exit_code == 0
