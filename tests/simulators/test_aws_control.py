"""The controls: clock, seed, state, log, and the life of the process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import KeySeed, SecretSeed, UserSeed
from rotator.simulators.clock import SteppedClock

if TYPE_CHECKING:
    from rotator.simulators.aws.clients import SimulatedClients
    from rotator.simulators.aws.shapes import SeededAccount


def test_date_header_is_the_simulated_instant(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """By it the daemon compares its clock with the provider's."""
    now = aws.advance(3600)
    headers = clients.iam(account.admin).list_users()["ResponseMetadata"]["HTTPHeaders"]

    assert headers["date"] == f"{now:%a, %d %b %Y %H:%M:%S} GMT"


def test_clock_never_goes_back(aws: SimulatedAws) -> None:
    """A step back is refused with the reason."""
    with pytest.raises(ValueError, match="never goes back"):
        aws.advance_to(aws.now() - timedelta(seconds=1))


def test_stepped_clock_can_drive_the_simulator(aws: SimulatedAws) -> None:
    """Sleeping in the daemon is passing time at AWS."""
    clock = SteppedClock(aws.now(), on_advance=aws.advance_to)
    clock.sleep(90)

    assert aws.now() == clock.now()


def test_every_date_of_moto_comes_from_the_simulated_clock(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """Users, keys, reports, secrets, versions and deletions alike."""
    now = aws.advance(86_400).replace(microsecond=0)
    iam, secrets = clients.iam(account.admin), clients.secrets_manager(account.admin)
    user = iam.create_user(UserName="new")["User"]
    key = iam.create_access_key(UserName="new")["AccessKey"]
    iam.generate_credential_report()
    report = iam.get_credential_report()
    secrets.create_secret(Name="new", SecretString="x")
    described = secrets.describe_secret(SecretId="new")
    version = secrets.list_secret_version_ids(SecretId="new")["Versions"][0]
    value = secrets.get_secret_value(SecretId="new")
    deletion = secrets.delete_secret(SecretId="new", RecoveryWindowInDays=7)["DeletionDate"]

    dates = {user["CreateDate"], key["CreateDate"], report["GeneratedTime"]}
    dates |= {described["CreatedDate"], described["LastChangedDate"]}
    dates |= {version["CreatedDate"], value["CreatedDate"], deletion - timedelta(days=7)}
    assert dates == {now}


def test_seed_takes_ids_secrets_and_instants_as_given(aws: SimulatedAws) -> None:
    """So that a scenario can be written down."""
    born, used = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
    key = KeySeed(
        access_key_id="AKIA" + "A" * 16,
        secret_access_key="chosen",
        created_at=born,
        last_used_at=used,
    )
    user = UserSeed(name="u", tags={"team": "x"}, console_password=True, keys=(key,))
    aws.seed("111122223333", users=[user], secrets=[SecretSeed(name="s", value="v")])
    found = aws.state().accounts["111122223333"]

    assert found.users["u"].tags == {"team": "x"}
    assert found.users["u"].has_console_password
    (seen,) = found.users["u"].keys
    assert (seen.access_key_id, seen.secret_access_key) == ("AKIA" + "A" * 16, "chosen")
    assert (seen.created_at, seen.last_used_at, seen.reported_at) == (born, used, used)
    current = found.secrets[0].labelled("AWSCURRENT")
    assert current is not None
    assert current.value == "v"


def test_seeding_twice_under_one_name_is_refused(aws: SimulatedAws, account: SeededAccount) -> None:
    """Rather than to change what exists."""
    taken = KeySeed(access_key_id=account.users["ci"][0].access_key_id)
    with pytest.raises(ValueError, match="user ci exists"):
        aws.seed(account.account_id, users=[UserSeed(name="ci")])
    with pytest.raises(ValueError, match="secret ci/key exists"):
        aws.seed(account.account_id, secrets=[SecretSeed(name="ci/key")])
    with pytest.raises(ValueError, match="is taken"):
        aws.seed(account.account_id, users=[UserSeed(name="new", keys=(taken,))])


def test_seed_may_come_in_parts(aws: SimulatedAws, account: SeededAccount) -> None:
    """The administrators stay the same."""
    assert aws.seed(account.account_id).admin == account.admin


def test_state_remembers_deleted_keys(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """A checker must be able to see what was deleted, and whether it still works."""
    (key,) = account.users["ci"]
    iam = clients.iam(account.admin)
    iam.delete_access_key(UserName="ci", AccessKeyId=key.access_key_id)
    found = aws.state().accounts[account.account_id]

    assert found.users["ci"].keys == ()
    (deleted,) = found.deleted_keys
    assert (deleted.status, deleted.is_accepted) == ("Deleted", True)


def test_state_can_be_narrowed(aws: SimulatedAws, account: SeededAccount) -> None:
    """To one user and one secret of one account."""
    aws.seed(account.account_id, users=[UserSeed(name="x")], secrets=[SecretSeed(name="y")])
    found = aws.state(account_id=account.account_id, user="x", secret="y")

    assert list(found.accounts[account.account_id].users) == ["x"]
    assert [secret.name for secret in found.accounts[account.account_id].secrets] == ["y"]


def test_log_tells_daemon_and_human_apart_and_no_secret(
    aws: SimulatedAws, clients: SimulatedClients, account: SeededAccount
) -> None:
    """One line for each call, with the caller's key."""
    clients.iam(account.admin).create_access_key(UserName="ci")
    clients.secrets_manager(account.human).put_secret_value(
        SecretId=account.secrets["ci/key"], SecretString="hidden-value"
    )
    minted, put = aws.calls()

    assert (minted.operation, minted.caller) == ("CreateAccessKey", account.admin.access_key_id)
    assert (minted.user_name, minted.status, minted.is_effective) == ("ci", 200, True)
    assert (put.secret, put.caller) == ("ci/key", account.human.access_key_id)
    assert "Boto3" in put.user_agent
    assert "hidden-value" not in put.model_dump_json()
    aws.clear_calls()
    assert aws.calls() == []


def test_reset_forgets_everything_but_the_time(aws: SimulatedAws, account: SeededAccount) -> None:
    """The next test starts clean."""
    now = aws.advance(5)
    aws.reset()

    assert aws.state().accounts == {}
    assert aws.now() == now
    assert aws.seed(account.account_id).admin != account.admin


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "seed", '{"account_id": "1"}', 400),
        ("POST", "seed", '{"account_id": "111122223333", "user": []}', 400),
        ("POST", "faults", '{"kind": "unheard_of"}', 400),
        ("PUT", "clock", "{}", 400),
        ("PUT", "clock", "not json", 400),
        ("GET", "nowhere", "", 404),
    ],
)
def test_bad_control_request_is_refused_with_a_reason(
    aws: SimulatedAws, method: str, path: str, body: str, status: int
) -> None:
    """A misspelt field must not be a silent default."""
    answer = httpx.request(method, f"{aws.url}/_simulator/{path}", content=body, trust_env=False)

    assert answer.status_code == status
    assert answer.text


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, "Action=GetCallerIdentity", "MissingAuthenticationToken"),
        ({"x-amz-target": "secretsmanager.GetSecretValue"}, "{}", "MissingAuthenticationToken"),
    ],
)
def test_unsigned_call_is_refused(
    aws: SimulatedAws, headers: dict[str, str], body: str, code: str
) -> None:
    """In both protocols."""
    answer = httpx.post(aws.url, headers=headers, content=body, trust_env=False)

    assert answer.is_client_error
    assert code in answer.text


def test_what_is_not_simulated_says_so(clients: SimulatedClients, account: SeededAccount) -> None:
    """Instead of an answer that misleads."""
    sts = clients.sts(account.admin)

    with pytest.raises(sts.exceptions.ClientError, match="not simulated"):
        sts.get_session_token()
    with pytest.raises(sts.exceptions.ClientError, match="not simulated"):
        clients.iam(account.admin).update_user(UserName="ci", NewUserName="other")


def test_process_ends_with_its_parents_pipe() -> None:
    """No simulator outlives its test; it binds to the loopback interface only."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rotator.simulators.aws"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    process.stdin.close()

    assert url.startswith("http://127.0.0.1:")
    assert process.wait(10) == 0
    process.stdout.close()


def test_process_ends_on_sigterm() -> None:
    """As a container's does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rotator.simulators.aws", "--start", "2030-05-05T00:00:00Z"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0
    process.communicate()


def test_ticking_clock_moves_by_itself_and_can_be_pushed() -> None:
    """For tests with real processes and short periods."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with SimulatedAws(start=start, is_ticking=True) as aws:
        first = aws.now()
        pushed = aws.advance(3600)

        assert start < first < pushed < aws.now()
        assert pushed - first >= timedelta(hours=1)


def test_helper_outside_its_with_block_says_so() -> None:
    """Rather than to fail inside the HTTP client."""
    with pytest.raises(RuntimeError, match="not running"):
        SimulatedAws().now()
