"""The demonstration's Stage5 workspace without a daemon: integrations and the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from rotator.cli.demo.character import CHAT_WORKSPACE
from rotator.cli.demo.chat.cast import INTEGRATIONS, STAGE5, ChatKey
from rotator.cli.demo.chat.consumers import PublicApi, Talkers
from rotator.cli.demo.chat.estate import CHAT_SEED, ID_FIELD, KEY_FIELD, ChatEstate, chat_estate
from rotator.cli.demo.chat.truth import ChatTruth
from rotator.simulators.clock import SteppedClock
from rotator.simulators.stage5.embedded import EmbeddedStage5
from rotator.simulators.stage5.seeding import seed
from rotator.simulators.stage5.shapes import AccessKeySeed, WorkspaceSeed
from rotator.simulators.stage5.state import state_of
from rotator.testing.builders import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.stage5.shapes import SeededAccessKey

URL = "http://127.0.0.1:1/v1"
ROTATION = "6c0f5d39-9c43-4b8b-9f5e-0d3f8b1c2a77"
SUPPORT = INTEGRATIONS[0]


@dataclass
class Place:
    """The workspace in this very process, its secrets, and who works with them."""

    clock: SteppedClock
    stage5: EmbeddedStage5
    estate: ChatEstate
    api: PublicApi
    secrets: dict[str, dict[str, str]] = field(init=False)
    talkers: Talkers = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = {name: json.loads(text) for name, text in self.estate.values.items()}
        self.talkers = Talkers(self.api, self.estate, self.text)

    def text(self, name: str) -> str:
        return json.dumps(self.secrets[name])

    def work(self, *, days: int = 1) -> None:
        for _ in range(days):
            self.talkers.step()
            self.clock.advance_to(self.clock.now() + timedelta(days=1))

    def make(self, member: ChatKey) -> SeededAccessKey:
        name = f"{member.name}.rotator-{ROTATION}"
        wanted = AccessKeySeed(name=name, scopes=member.scopes)
        made = seed(
            self.stage5.world,
            WorkspaceSeed(workspace_id=CHAT_WORKSPACE, access_keys=(wanted,)),
        )
        return made.access_keys[name]

    def end(self, member: ChatKey) -> None:
        keys = self.stage5.world.workspaces[CHAT_WORKSPACE].keys
        keys[self.estate.first(member).id].revoked_at = self.clock.now()

    def rotate(self, member: ChatKey) -> None:
        """Do what rotator should have done by the last day."""
        made = self.make(member)
        self.secrets[member.secret] |= {ID_FIELD: made.id, KEY_FIELD: made.key}
        self.end(member)

    def truth(self) -> ChatTruth:
        return ChatTruth(
            workspace=state_of(self.stage5.world).workspaces[CHAT_WORKSPACE],
            values={name: self.text(name) for name in self.secrets},
            estate=self.estate,
            is_refused=self.api.is_refused,
        )

    def faults(self, member: ChatKey) -> list[str]:
        return list(self.truth().faults(member))


@pytest.fixture
def place() -> Iterator[Place]:
    clock = SteppedClock(at())
    stage5 = EmbeddedStage5(clock)
    estate = chat_estate(seed(stage5.world, CHAT_SEED))
    with httpx.Client(transport=stage5.transport()) as http:
        yield Place(clock, stage5, estate, PublicApi(http=http, url=URL))


def member(name: str) -> ChatKey:
    return next(item for item in STAGE5 if item.name == name)


def test_integrations_pass_a_message_on_every_day_and_each_is_replied_to(place: Place) -> None:
    place.work(days=3)

    assert place.talkers.calls == 3 * len(INTEGRATIONS)
    assert place.talkers.refusals == 0


def test_a_message_with_a_revoked_access_key_is_a_refusal(place: Place) -> None:
    place.work()
    place.end(member("website"))
    place.work()

    assert place.talkers.refusals == 1


def test_a_young_key_that_nobody_replaces_is_refused_from_the_day_that_stage5_ends_it(
    place: Place,
) -> None:
    day = member("website").ends_on_day
    assert day is not None
    place.work(days=day)
    before = place.talkers.refusals
    place.work()

    assert (before, place.talkers.refusals) == (0, 1)


def test_a_new_key_is_used_as_soon_as_the_old_one_has_aged(place: Place) -> None:
    place.work()
    place.rotate(member("helpdesk"))
    place.work(days=SUPPORT.caches_days - 1)
    before = place.talkers.refusals
    place.work()

    assert before == SUPPORT.caches_days - 1 > 0
    assert place.talkers.refusals == before


def test_on_the_first_day_nothing_is_wrong_but_that_nothing_was_rotated_yet(place: Place) -> None:
    assert place.faults(member("trial")) == []
    assert place.faults(member("helpdesk")) == ["the old key is still let in"]
    assert place.truth().ended() == 0


def test_rotations_as_they_should_be_have_no_faults(place: Place) -> None:
    rotated = [item for item in STAGE5 if item.secret]
    for item in rotated:
        place.rotate(item)

    assert [place.faults(item) for item in STAGE5] == [[]] * len(STAGE5)
    assert place.truth().ended() == len(rotated)


def test_a_second_key_and_other_scopes_are_faults(place: Place) -> None:
    helpdesk, website = member("helpdesk"), member("website")
    place.rotate(helpdesk)
    place.make(helpdesk)
    place.rotate(replace(website, scopes=("projects:read",)))

    wrong = "the published key is not the one and only key, with its scopes"
    assert place.faults(helpdesk) == [wrong]
    assert place.faults(website) == [wrong]


def test_a_key_that_is_not_ours_to_touch_must_still_be_let_in(place: Place) -> None:
    trial = member("trial")
    place.end(trial)

    assert place.faults(trial) == [
        f"{place.estate.first(trial).id}, which is not ours to touch, was touched"
    ]


def test_every_secret_of_an_integration_publishes_a_key_that_may_pass_messages_on() -> None:
    scopes = {item.secret: item.scopes for item in STAGE5}

    assert all("messages:write" in scopes[item.secret] for item in INTEGRATIONS)
