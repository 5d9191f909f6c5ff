"""Scenes of APIs that are only described: one whose keys have names, and one without."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.simulation import http_vendors, robot_people
from tests.simulation.consumers import DAILY, EAGER
from tests.simulation.scene import REALISTIC, Scene
from tests.simulation.subject import AGE

HABITS = replace(
    REALISTIC,
    revocation_lag=timedelta(seconds=23),
    report_lag=timedelta(minutes=10),
    signature_window=timedelta(minutes=1),
)
"""As slow as the specs promise at most, and a deleted key is let in for a while."""

STAGE5 = Scene(
    vendors=http_vendors.stage5,
    habits=replace(HABITS, marks_keys=True, max_keys=None),
    consumers=(EAGER, DAILY),
    patience=timedelta(days=60),
)
"""Names carry the rotation, nothing can be switched off, and the list has several pages."""

ROBOTS = Scene(
    vendors=robot_people.robots,
    habits=HABITS,
    consumers=(EAGER, DAILY),
    patience=timedelta(days=60),
)
"""No names, two keys at most, ended in two steps: what is whose is found out by observing."""

ENDING = replace(
    STAGE5,
    vendors=http_vendors.short_lived,
    habits=replace(
        STAGE5.habits, lifetime=timedelta(days=30), lifetime_by_hand=AGE + timedelta(days=18)
    ),
    lasts=timedelta(days=32),
)
"""People made a key with eighteen days left; ours live for thirty, and policy allows ninety."""

SCENES: dict[str, Scene] = {"stage5": STAGE5, "robots": ROBOTS}
