"""A value that is misspelt or of the wrong type is refused by name, and nothing is rendered."""

from __future__ import annotations

import json

import pytest

from tests.helm.charts import CHART, HELMS, Helm, Manifest, RefusedError, render, smallest

WRONG: dict[str, tuple[Manifest, str]] = {
    "unknown": ({"replicas": 3}, "replicas"),
    "unknown-below": ({"image": {"tga": "1"}}, "tga"),
    "unknown-in-the-configuration": ({"config": {"modus": "plan"}}, "modus"),
    "text-for-a-number": ({"replicaCount": "three"}, "replicaCount"),
    "number-for-a-text": ({"image": {"tag": 1.2}}, "tag"),
    "text-for-a-switch": ({"rbac": {"create": "yes"}}, "create"),
    "map-for-a-list": ({"tolerations": {"key": "a"}}, "tolerations"),
    "not-a-digest": ({"image": {"digest": "latest"}}, "digest"),
    "no-such-mode": ({"config": {"mode": "dryrun"}}, "mode"),
}


@pytest.mark.parametrize("helm", HELMS, ids=lambda helm: helm.name)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused_by_its_name(name: str, helm: Helm) -> None:
    values, said = WRONG[name]

    with pytest.raises(RefusedError, match=said) as refused:
        render(smallest(values), helm=helm)

    assert "schema" in str(refused.value)


def test_the_schema_is_of_the_draft_that_both_helms_read() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["additionalProperties"] is False
