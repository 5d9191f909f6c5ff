"""The daemon rotates a token of a real JupyterHub by its spec, whatever it is killed in.

Some ends happen side by side, for most of their time is waiting; each test is one such
group, so that no worker plays them all. The gate and the simulated AWS hold an answer
back, so that each end falls between a deed and its answer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rotator.simulators.aws.shapes import FaultKind, FaultRule
from tests.process.installation import eventually
from tests.process.jupyterhub.gate import Gate
from tests.process.jupyterhub.hub import WARDEN
from tests.process.jupyterhub.site import (
    AT_AWS,
    AT_THE_HUB,
    NOTE,
    REVOKED,
    UNDISTURBED,
    WAYS,
    HubSite,
    Robot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rotator.simulators.aws.process import SimulatedAws
    from tests.process.installation import Daemon
    from tests.process.jupyterhub.conftest import Estate
    from tests.process.jupyterhub.gate import Passed
    from tests.process.jupyterhub.hub import Hub, Token

pytestmark = pytest.mark.process

FORBIDDEN = 403
PATIENCE_SECONDS = 240
"""A try that failed, because the machine was too busy, is made again a minute later."""

HELD_BACK_SECONDS = 5
"""Longer than it takes to notice an effect and to kill; nobody waits for all of it."""

GROUPS = ((UNDISTURBED, "create", "verify"), ("delete", "stage"), ("promote", "unstage"))

REQUESTS: dict[str, Callable[[Passed, Token], bool]] = {
    "create": lambda it, _: it.method == "POST",
    "verify": lambda it, warden: it.path.endswith("/user") and warden.text not in it.credential,
    "delete": lambda it, _: it.method == "DELETE",
}
"""Effects upon the hub, by the request that has them."""

LABELS = {
    "stage": ("PutSecretValue", "AWSPENDING"),
    "promote": ("UpdateSecretVersionStage", "AWSCURRENT"),
    "unstage": ("UpdateSecretVersionStage", "AWSPREVIOUS"),
}
"""Effects upon the secret, by the call that has them and the label that it moves."""


@dataclass(frozen=True)
class Outcome:
    """What became of one token after its daemon's end and another start."""

    site: HubSite
    robot: Robot
    old: Token
    hub: Hub
    failure: str


def ended(way: str, folder: Path, aws: SimulatedAws, estate: Estate) -> Outcome:
    hub, old = estate.hub, estate.old[way]
    with Gate(hub.url) as gate:
        site = HubSite(folder / way, aws, gate, robot=way, token=old, warden=estate.warden)
        robot, failure = Robot(site, hub), ""
        with robot.working():
            try:
                if way != UNDISTURBED:
                    kill_in(way, site)
                with started(way, site) as daemon:
                    eventually(
                        lambda: is_rotated(site, hub),
                        what=f"a new token after {way}",
                        seconds=PATIENCE_SECONDS,
                    )
                    assert daemon.stop() == 0, "the daemon did not end well"
            except AssertionError as error:
                failure = str(error)
        return Outcome(site, robot, old, hub, failure)


def kill_in(way: str, site: HubSite) -> None:
    """Kill a daemon when it has done something of which it has no answer yet."""
    if way in AT_THE_HUB:
        site.gate.keep_answer_to(lambda it: REQUESTS[way](it, site.warden))
    else:
        rule = FaultRule(
            kind=FaultKind.DELAY_ANSWER,
            operation=LABELS[way][0],
            caller=site.seeded.admin.access_key_id,
            seconds=HELD_BACK_SECONDS,
        )
        site.aws.add_fault(rule)
    with site.daemon() as daemon:
        eventually(lambda: is_unanswered(way, site), what=way)
        daemon.kill()
    site.gate.release()


def is_unanswered(way: str, site: HubSite) -> bool:
    """Whether the effect has just happened, and its answer is on its way."""
    if way not in AT_AWS:
        return site.gate.keeps
    point, label = LABELS[way]
    return any(label in call.parameters.values() for call in site.calls(point))


def started(way: str, site: HubSite) -> AbstractContextManager[Daemon]:
    """Start a daemon; after a lost mint the next one is only begun after a while."""
    return site.hurried_daemon() if way == "create" else site.daemon()


def is_rotated(site: HubSite, hub: Hub) -> bool:
    """Whether a rotation has come to its end, and only the published token is left."""
    ends = [it for it in site.audited("rotation.finish") if it["reason"] == "completed"]
    return bool(ends) and [it["id"] for it in hub.tokens(site.robot)] == [site.bundle()["KEY_ID"]]


def one_token_is_left_and_it_is_the_published_one(it: Outcome) -> bool:
    (token,) = it.hub.tokens(it.site.robot)
    is_ours = str(token["note"]).startswith(f"{NOTE}.rotator-")
    return is_ours and it.hub.admitted(it.site.bundle()["SECRET_KEY"]) == str(token["id"])


def the_old_token_is_refused(it: Outcome) -> bool:
    return it.hub.status(it.old.text) == FORBIDDEN


def the_end_of_the_old_token_is_proved_by_refusal(it: Outcome) -> bool:
    *_, last = [one for one in it.site.audited("key.delete") if one["stage"] == "outcome"]
    told = (str(last["target"]["key_id"]), str(last["evidence"]["proof"]))
    return told == (it.old.id, "refused")


def the_robot_was_never_refused(it: Outcome) -> bool:
    used = (it.robot.used[0], it.robot.used[-1])
    return not it.robot.refused and used == (it.old.id, it.site.bundle()["KEY_ID"])


def no_version_of_the_secret_is_left_pending(it: Outcome) -> bool:
    return it.site.hub_secret().labelled("AWSPENDING") is None


def no_token_is_minted_but_for_one_whose_secret_is_lost(it: Outcome) -> bool:
    minted = [one for one in it.site.gate.passed if one.method == "POST"]
    return len(minted) == (2 if it.site.robot == "create" else 1)


def nothing_that_is_written_holds_a_token(it: Outcome) -> bool:
    written = it.site.written()
    texts = (it.old.text, it.site.bundle()["SECRET_KEY"], it.site.warden.text)
    return it.old.id in written and not any(text in written for text in texts)


PROMISES: tuple[Callable[[Outcome], bool], ...] = (
    one_token_is_left_and_it_is_the_published_one,
    the_old_token_is_refused,
    the_end_of_the_old_token_is_proved_by_refusal,
    the_robot_was_never_refused,
    no_version_of_the_secret_is_left_pending,
    no_token_is_minted_but_for_one_whose_secret_is_lost,
    nothing_that_is_written_holds_a_token,
)


def broken(outcome: Outcome) -> list[str]:
    """Name the promises that were not kept, or why there was no rotation at all."""
    if outcome.failure:
        return [outcome.failure]
    return [promise.__name__ for promise in PROMISES if not promise(outcome)]


def test_every_way_is_played_once() -> None:
    assert sorted(way for group in GROUPS for way in group) == sorted(WAYS)


@pytest.mark.parametrize("ways", GROUPS, ids="-".join)
def test_a_token_is_rotated_whatever_its_daemon_is_killed_in(
    ways: tuple[str, ...], estate: Estate, aws: SimulatedAws, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(len(ways)) as pool:
        outcomes = list(pool.map(lambda way: ended(way, tmp_path, aws, estate), ways))

    found: Mapping[str, list[str]] = {it.site.robot: broken(it) for it in outcomes}
    assert found == {way: [] for way in ways}


def test_a_revoked_admin_token_is_told_with_the_line_of_the_spec(
    hub: Hub, aws: SimulatedAws, tmp_path: Path
) -> None:
    token, warden = hub.mint(REVOKED, note=NOTE), hub.mint(WARDEN, note="to be revoked")
    with Gate(hub.url) as gate:
        site = HubSite(tmp_path, aws, gate, robot=REVOKED, token=token, warden=warden)
        site.file.write_text(site.file.read_text().replace("scanInterval: 1h", "scanInterval: 1s"))
        with site.daemon() as daemon:
            eventually(lambda: site.audited("key.adopt"), what="a token that is looked after")
            hub.revoke(WARDEN, warden.id)
            told = eventually(lambda: refusals(daemon), what="a word about the refusal")
            assert daemon.stop() == 0
        asked = site.run("plan")

    assert f"{site.folder / 'jupyterhub.yaml'}:" in told[0]
    assert "status 403" in told[0]
    assert asked.returncode == 1
    assert "its credential was revoked, has expired, or lacks the right" in asked.stderr
    assert "operations.list" in asked.stderr
    assert [it["id"] for it in hub.tokens(REVOKED)] == [token.id]
    assert warden.text not in site.written() + asked.stderr


def refusals(daemon: Daemon) -> list[str]:
    """Read what the daemon says of our own credential's refusal."""
    return [str(line["error"]) for line in daemon.lines() if line.get("code") == "forbidden"]
