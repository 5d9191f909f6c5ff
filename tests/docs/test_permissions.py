"""The page of permissions names the features and actions of the code, in its words."""

from __future__ import annotations

from rotator.clients.aws_grants import CHECK_PERMISSIONS, grants
from rotator.core.permissions import FEATURES
from rotator.destinations.aws_secrets_manager.config import PERMISSIONS as DESTINATION
from rotator.providers.aws_iam import PERMISSIONS as PROVIDER
from tests.gates.tree import ROOT

TEXT = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    section = TEXT.split("\n## Features\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def actions(feature: str) -> list[str]:
    """Name a feature's actions as the page writes them: a label stands behind its action."""
    own = CHECK_PERMISSIONS if feature == "check" else ()
    table = {feature: (*PROVIDER.get(feature, ()), *DESTINATION.get(feature, ()), *own)}
    names = [name for grant in grants(table, table) for name in grant.names]
    return ["`{}`{}{}".format(*name.partition(" ")) for name in names]


def test_the_page_lists_every_feature_with_its_actions_in_the_words_of_the_code() -> None:
    told = [(row[0].strip("`"), row[2].split(", "), row[3], row[4]) for row in rows()]

    assert told == [(item.name, actions(item.name), item.why, item.without) for item in FEATURES]


def test_every_action_of_an_adapter_belongs_to_a_feature() -> None:
    assert {*PROVIDER, *DESTINATION} <= {feature.name for feature in FEATURES}
