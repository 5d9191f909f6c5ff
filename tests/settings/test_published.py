from __future__ import annotations

import json
import re
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from rotator.core.policy import decide
from rotator.core.terms import Limits
from rotator.errors import ConfigError
from rotator.providers.cipherstash.config import ACCESS_KEYS, CLIENT_KEYS
from rotator.settings.configuration import LimitsSection
from rotator.settings.loading import load
from rotator.settings.published import FILES, SCHEMAS, field_table, json_schema, section_tables
from rotator.settings.references import secret_field
from tests.builders import principal

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SPECS = {path.stem: path for path in (ROOT / "config" / "providers").glob("*.yaml")}
EXAMPLES = ROOT / "config" / "examples"
CIPHERSTASH = EXAMPLES / "cipherstash"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_the_models(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"config/{name}.schema.json", json_schema(SCHEMAS[name]))


def test_the_manual_lists_every_setting_with_its_default_and_meaning(
    golden: Callable[[str, str], None],
) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name, model in FILES.items():
        head, begin, rest = page.partition(f"<!-- fields: {name} -->\n")
        _, end, tail = rest.partition("<!-- end -->")
        page = f"{head}{begin}{field_table(model)}{end}{tail}"

    head, begin, rest = page.partition("<!-- sections: http-provider -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    page = f"{head}{begin}{section_tables(SCHEMAS['http-provider'])}{end}{tail}"

    golden("docs/configuration.md", page)


@pytest.mark.parametrize("name", FILES)
def test_every_field_is_explained(name: str) -> None:
    rows = field_table(FILES[name]).splitlines()[2:]

    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_field_of_a_spec_is_explained_where_its_section_is() -> None:
    table = section_tables(SCHEMAS["http-provider"])

    assert "| None" not in table
    assert table.count("### request\n") == 1
    assert set(re.findall(r"\(#(.*?)\)", table)) <= set(re.findall(r"### (.*)", table))


@pytest.mark.parametrize("name", sorted(SPECS))
def test_an_editor_finds_nothing_wrong_with_the_shipped_specs(name: str) -> None:
    schema = json.loads((ROOT / "config" / "http-provider.schema.json").read_text(encoding="utf-8"))
    text = SPECS[name].read_text(encoding="utf-8")
    validator = Draft202012Validator(schema)

    Draft202012Validator.check_schema(schema)

    assert list(validator.iter_errors({**yaml.safe_load(text), "typo": 1})) != []
    if "FILL IN" not in text:
        assert list(validator.iter_errors(yaml.safe_load(text))) == []


def test_every_limit_can_be_set_and_has_the_cores_default() -> None:
    section = LimitsSection()

    assert set(LimitsSection.model_fields) == {item.name for item in fields(Limits)}
    assert Limits(**section.model_dump()) == Limits()


def test_a_schema_writes_durations_as_the_file_does() -> None:
    schema = json_schema(FILES["rotator"])

    assert '"default": "30s"' in schema
    assert '"PT' not in schema


@pytest.mark.parametrize(
    "folder", [ROOT / "config", *sorted(EXAMPLES.iterdir())], ids=lambda folder: str(folder.name)
)
@pytest.mark.parametrize("name", FILES)
def test_an_editor_finds_nothing_wrong_with_the_shipped_examples(folder: Path, name: str) -> None:
    schema = json.loads((ROOT / "config" / f"{name}.schema.json").read_text(encoding="utf-8"))
    example = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))

    Draft202012Validator.check_schema(schema)

    assert list(Draft202012Validator(schema).iter_errors(example)) == []
    assert list(Draft202012Validator(schema).iter_errors({**example, "typo": 1})) != []


def test_the_shipped_examples_load_and_change_nothing() -> None:
    settings = load(ROOT / "config" / "rotator.yaml", {})

    assert settings.mode == "plan"
    assert [rule.action for rule in settings.policy.rules] == ["report"]


def test_the_example_of_a_workspace_loads_and_bundles_what_an_application_reads() -> None:
    settings = load(CIPHERSTASH / "rotator.yaml", {})

    def publishes(kind: str, name: str) -> tuple[str, str]:
        decided = decide(settings.policy, principal(name, provider=kind, account=vault.id))
        assert decided.destination is not None
        return decided.destination.name, decided.destination.secret_field

    vault = settings.workspace("vault")
    own_key = secret_field(vault.section.admin_key)
    assert settings.mode == "plan"
    assert publishes(ACCESS_KEYS, "orders") == ("cipherstash/orders", "CS_CLIENT_ACCESS_KEY")
    assert publishes(CLIENT_KEYS, "orders") == ("cipherstash/orders", "CS_CLIENT_KEY")
    assert own_key is not None
    assert publishes(ACCESS_KEYS, "rotator") == (own_key.name, own_key.field)


def test_the_example_of_an_http_api_loads_by_a_shipped_spec() -> None:
    settings = load(EXAMPLES / "http" / "rotator.yaml", {})

    hub = settings.http_account("hub")
    found = decide(settings.policy, principal("grading", provider=hub.spec.name, account=hub.id))
    assert settings.mode == "plan"
    assert hub.spec.name == "jupyterhub-token"
    assert found.destination is not None
    assert (found.destination.name, found.destination.account) == ("jupyterhub/grading", hub.home)
    assert found.destination.secret_field == "HUB_TOKEN"


def test_the_example_of_stage5_wants_its_template_filled_in_and_loads_then(tmp_path: Path) -> None:
    for file in (EXAMPLES / "stage5").iterdir():
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    spec = tmp_path / "stage5.yaml"
    spec.write_text((ROOT / "config/providers/stage5.yaml").read_text(encoding="utf-8"))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "rotator.yaml", {})
    assert {fault.file for fault in caught.value.faults} == {str(spec)}

    filled = files("rotator.simulators.stage5") / "spec.yaml"
    spec.write_text(filled.read_text(encoding="utf-8"), encoding="utf-8")
    settings = load(tmp_path / "rotator.yaml", {})

    acme = settings.http_account("acme")
    own_key = secret_field(acme.section.credentials["admin"])
    own = decide(settings.policy, principal("rotator", provider=acme.spec.name, account=acme.id))
    assert settings.mode == "plan"
    assert own_key is not None
    assert own.destination is not None
    assert (own.destination.name, own.destination.secret_field) == (own_key.name, own_key.field)


def test_the_commented_examples_load_when_they_are_uncommented(tmp_path: Path) -> None:
    for name in FILES:
        text = (ROOT / "config" / f"{name}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.yaml").write_text(_uncommented(text), encoding="utf-8")

    settings = load(tmp_path / "rotator.yaml", {})

    assert [rule.name for rule in settings.policy.rules] == ["ci", "everybody-else"]
    assert settings.aws.accounts[0].role_arn is not None
    assert settings.web.host == "0.0.0.0"  # noqa: S104


def _uncommented(text: str) -> str:
    """Take the comment sign off every line that looks like a setting."""
    return re.sub(r"^( *)# (?=( *- | *)[a-zA-Z]+:( |$))", r"\1", text, flags=re.MULTILINE)
