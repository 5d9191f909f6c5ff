"""What the demonstration checks in its cluster, without a daemon: each check bites."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from rotator.cli.demo.cluster.act import ClusterStory, Finding, Moment, faults
from rotator.cli.demo.cluster.estate import ID_FIELD, KEY_FIELD, NAMESPACE, OTHERS, PODS, SECRET
from rotator.core.ids import KeyId
from rotator.simulators.kubernetes.shapes import State
from rotator.testing.builders import at, rotation

NEW = KeyId("AKIANEW")
ROTATION = rotation(new_key_id=NEW)
OWNERS = {ID_FIELD: "rotator-1", KEY_FIELD: "rotator-1", **dict.fromkeys(OTHERS, "helm")}
FIELDS = {ID_FIELD: NEW, KEY_FIELD: "new", **OTHERS}
STARTED: list[str] = [NEW] * PODS


def state(fields: dict[str, str] | None = None, started: list[str] | None = None) -> State:
    data = FIELDS if fields is None else fields
    secret: dict[str, Any] = {
        "kind": "Secret",
        "metadata": {"namespace": NAMESPACE, "name": SECRET},
        "data": {name: b64encode(text.encode()).decode() for name, text in data.items()},
    }
    pods = STARTED if started is None else started
    environments = {f"{NAMESPACE}/{number}": {ID_FIELD: key} for number, key in enumerate(pods)}
    return State(now=at(), objects=(secret,), environments=environments)


def story(
    owners: dict[str, str] | None = None,
    reached: str = "restarted",
    found: str = "Deployment shop/newsletter",
) -> ClusterStory:
    return ClusterStory(
        moments=(Moment(at="", what=f"the old key is disabled: consumers_reached={reached}"),),
        owners=OWNERS if owners is None else owners,
        lint=(Finding(subject=found, code="unnamed", problem=""),),
        calls=1,
        refusals=0,
    )


def test_nothing_is_said_of_a_cluster_in_which_all_went_well() -> None:
    assert list(faults(story(), state(), ROTATION)) == []


@pytest.mark.parametrize(
    ("told", "truth", "word"),
    [
        (story(), state({**FIELDS, ID_FIELD: "AKIAOLD"}), "does not carry the new key"),
        (story(), state({ID_FIELD: NEW, KEY_FIELD: "new"}), "were lost"),
        (story({**OWNERS, "CURRENCY": "rotator-1"}), state(), "have another owner"),
        (story({**OWNERS, KEY_FIELD: "helm"}), state(), "are not ours"),
        (story(), state(started=[*STARTED[1:], "AKIAOLD"]), "not started with the new key"),
        (story(), state(started=STARTED[1:]), "not started with the new key"),
        (story(reached="time"), state(), "before its readers were seen to move"),
        (story(found="Deployment shop/storefront"), state(), "was not found"),
    ],
    ids=["key", "others", "taken", "untaken", "old", "fewer", "proof", "lint"],
)
def test_whatever_is_wrong_in_the_cluster_is_named(
    told: ClusterStory, truth: State, word: str
) -> None:
    (fault,) = faults(told, truth, ROTATION)

    assert word in fault
