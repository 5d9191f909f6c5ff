"""The page on HTTP APIs: typed as it stands, against a server like its example, and complete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner, Result

from rotator.cli.main import cli
from rotator.clients.http_network import Stage
from rotator.core.reasons import Reason
from rotator.errors import RotatorError
from rotator.providers.http.conformance import Conformance
from rotator.providers.http.filters import FILTERS
from rotator.providers.http.selectors import TimeForm
from rotator.providers.http.spec import AuthKind, PageKind
from rotator.providers.http.templates import Namespace
from rotator.simulators.aws.process import SimulatedAws
from rotator.simulators.aws.shapes import KeySeed, SecretSeed, UserSeed
from rotator.telemetry.clock import SystemClock
from tests.docs.buildfarm import running_buildfarm
from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.buildfarm import Buildfarm

DOCS = ROOT / "docs"
TEXT = (DOCS / "providers" / "http.md").read_text(encoding="utf-8")
STARTED = (DOCS / "getting-started.md").read_text(encoding="utf-8")
MANUAL = (DOCS / "configuration.md").read_text(encoding="utf-8")
ACCOUNT = "111122223333"
REGION = "eu-central-1"
SECRET = "buildfarm/deploy-bot"
CODES = ("Entering", "Listing", "Making", "Proving", "Ending", "The way to the API")

_LINK = re.compile(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", re.DOTALL)
_CODE = re.compile(r'code="([a-z0-9_]+)"')
_BROKEN = re.compile(r'_broken\(.*?, "([a-z_]+)"[,)]', re.DOTALL)


def section(heading: str) -> str:
    """Return what stands below a heading of any level."""
    level, rest = re.split(rf"^(#+) {re.escape(heading)}$", TEXT, flags=re.MULTILINE)[1:3]
    return re.split(rf"^#{{2,{len(level)}}} ", rest, flags=re.MULTILINE)[0]


def blocks(heading: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", section(heading), re.DOTALL | re.MULTILINE)


def column(text: str, head: str) -> list[str]:
    """Return the words of the first column of the table whose first head is given."""
    table = re.search(rf"^\| {re.escape(head)} \|.*\n(?:\|.*\n)+", text, re.MULTILINE)
    assert table is not None, head
    cells = [line.split("|")[1] for line in table[0].splitlines()[2:]]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


# ------------------------------------------------------------------ a reader's ten minutes


SPEC = "1. Write what is asked, and where the answers have it"
CHECK = "2. Check it"
TRY = "3. Try it on the API"
MORE = "4. Let it tell more"
NAME = "5. Name the account and the rule"
BEGIN = "6. Look, then begin"
HOST = "https://buildfarm.example.com/api"


class Reader:
    """Types what the page says, in a folder of their own, in front of a build farm."""

    def __init__(self, folder: Path, farm: Buildfarm) -> None:
        self.folder = folder
        self.farm = farm
        self.spec = folder / "providers" / "buildfarm.yaml"

    def write_spec(self) -> None:
        self.spec.parent.mkdir()
        (text,) = blocks(SPEC, "yaml")
        assert HOST in text
        self.spec.write_text(text.replace(HOST, self.farm.url), encoding="utf-8")

    def add_to_spec(self) -> None:
        spec = yaml.safe_load(self.spec.read_text(encoding="utf-8"))
        for block in blocks(MORE, "yaml"):
            for place, fields in yaml.safe_load(block).items():
                spec[place].update(fields)
        self.spec.write_text(yaml.safe_dump(spec), encoding="utf-8")

    def write_settings(self, endpoint: str) -> None:
        """Join what this page and the page for newcomers say, but for paths and endpoints."""
        account, rule = blocks(NAME, "yaml")
        begun = re.findall(r"^```yaml\n(.*?)^```", STARTED, re.DOTALL | re.MULTILINE)[0]
        settings = yaml.safe_load(begun.replace("/home/me/rotator-config", str(self.folder)))
        settings["aws"]["endpointUrl"] = endpoint
        settings |= yaml.safe_load(account)
        settings["http"]["providers"][0]["accounts"][0]["allowPrivate"] = True
        policy = yaml.safe_load((ROOT / "config" / "policy.yaml").read_text(encoding="utf-8"))
        policy["rules"] = yaml.safe_load(rule)["rules"] + policy["rules"]
        for name, content in (("rotator", settings), ("policy", policy)):
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def enforce(self) -> None:
        file = self.folder / "rotator.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("mode: plan", "mode: enforce"), encoding="utf-8")

    def types(self, line: str) -> Result:
        words = line.split()
        if words[1:3] == ["provider", "test"]:
            words += ["--allow-private", "--yes"]
        if words[1:3] == ["accounts", "confirm"]:
            words += ["--yes"]
        return CliRunner().invoke(cli, words[1:], catch_exceptions=False)

    def types_all(self, text: str) -> dict[str, Result]:
        lines = [line for line in text.splitlines() if line.startswith("rotator ")]
        assert lines
        return {line: self.types(line) for line in lines}

    def tries(self) -> str:
        """Try the spec as the page says, and return what was told."""
        (typed,) = blocks(TRY, "sh")
        (result,) = self.types_all(typed).values()
        return result.stdout


@pytest.fixture
def farm() -> Iterator[Buildfarm]:
    with running_buildfarm() as running:
        yield running


@pytest.fixture
def reader(tmp_path: Path, farm: Buildfarm, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROTATOR_CONFIG", str(tmp_path / "rotator.yaml"))
    monkeypatch.setenv("BUILDFARM_TOKEN", farm.add("rotator", ["admin"], age_days=10))
    farm.add("deploy-bot", ["build:read", "build:write"], age_days=120)
    for number in range(3):
        farm.add(f"runner-{number}", ["build:read"], age_days=30)
    reader = Reader(tmp_path, farm)
    reader.write_spec()
    return reader


def shown(text: str) -> list[str]:
    """Return the lines of an output, whatever the width of its columns and the time it took."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [re.sub(r"after \d+ s", "after 0 s", line) for line in lines if line]


def test_the_first_spec_is_short_and_checks_as_the_page_shows(reader: Reader) -> None:
    (typed,), (told,) = blocks(CHECK, "sh"), blocks(CHECK, "text")

    (result,) = reader.types_all(typed).values()

    assert len(blocks(SPEC, "yaml")[0].splitlines()) <= 30
    assert result.exit_code == 0, result.output
    assert shown(result.stdout) == shown(told)


@pytest.mark.process
def test_trying_the_first_spec_tells_what_the_page_shows(reader: Reader) -> None:
    told = shown(blocks(TRY, "text")[0])

    lines = shown(reader.tries())

    assert [line for line in lines if line in told] == told
    assert {token.label for token in reader.farm.tokens.values()} == {
        *("rotator", "deploy-bot", "runner-0", "runner-1", "runner-2"),
    }


@pytest.mark.process
def test_the_mistake_that_the_page_shows_is_told_as_it_shows(reader: Reader) -> None:
    text = reader.spec.read_text(encoding="utf-8")
    slip = text.replace('"/tokens/${key.id}"', '"/token/${key.id}"')
    reader.spec.write_text(f"{slip}propagation: {{create: 1s, revoke: 1s}}\n", encoding="utf-8")
    wanted = " ".join(blocks(TRY, "text")[1].split())
    place = re.search(r"\((providers/buildfarm\.yaml:\d+: )\.\.\.\)", wanted)
    assert place is not None

    told = " ".join(reader.tries().split())

    before, after = wanted.split(place[0])
    assert before + "(" + place[1] in told
    assert after in told


@pytest.mark.process
def test_with_what_more_is_told_every_check_applies(reader: Reader) -> None:
    reader.add_to_spec()
    told = shown(blocks(MORE, "text")[0])

    lines = shown(reader.tries())

    assert [line for line in lines if line in told] == told


@pytest.mark.process
def test_a_reader_comes_from_the_spec_to_a_rotated_key(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.add_to_spec()
    looking, beginning = blocks(BEGIN, "sh")
    with SimulatedAws(start=SystemClock().now(), is_ticking=True) as aws:
        old = _published(reader, aws, monkeypatch)
        reader.write_settings(aws.url)

        looks = reader.types_all(looking)
        assert {line: it.exit_code for line, it in looks.items()} == dict.fromkeys(looks, 0)
        assert "deploy-bot" in looks["rotator plan"].stdout
        reader.enforce()
        assert reader.types("rotator once").exit_code == 0, "the daemon is started"
        confirmed, *watching = beginning.splitlines()
        assert reader.types(confirmed).exit_code == 0
        assert reader.types("rotator once").exit_code == 0

        assert "deploy-bot.rotator-" in reader.types(watching[0]).stdout
        assert "promoted" in reader.types(watching[1]).stdout
        current = _current(aws)
    assert current["BUILDFARM_TOKEN"] != old
    assert reader.farm.tokens[current["BUILDFARM_TOKEN"]].roles == ["build:read", "build:write"]
    assert reader.farm.tokens[old].enabled


def _published(reader: Reader, aws: SimulatedAws, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the bot's token into the secret that the rule names; return it."""
    value, token = next(it for it in reader.farm.tokens.items() if it[1].label == "deploy-bot")
    content = json.dumps({"BUILDFARM_TOKEN_ID": str(token.tokenId), "BUILDFARM_TOKEN": value})
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    allowed = {"Version": "2012-10-17", "Statement": [anything]}
    user = UserSeed(name="rotator", keys=(KeySeed(age_seconds=86_400),), policies=(allowed,))
    secret = SecretSeed(name=SECRET, value=content, region=REGION)
    key = aws.seed(ACCOUNT, users=[user], secrets=[secret]).users["rotator"][0]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key)
    return value


def _current(aws: SimulatedAws) -> dict[str, Any]:
    (secret,) = aws.state(account_id=ACCOUNT).accounts[ACCOUNT].secrets
    version = secret.labelled("AWSCURRENT")
    assert version is not None
    assert version.value is not None
    found: dict[str, Any] = json.loads(version.value)
    return found


# ------------------------------------------------------------------------ nothing is missing


def codes() -> set[str]:
    """Name every code that the provider and its transport give to an error."""
    found = set(_stage_failures())
    for folder, pattern in (("providers/http", "*.py"), ("clients", "http*.py")):
        for path in (ROOT / "rotator" / folder).glob(pattern):
            text = path.read_text(encoding="utf-8")
            found |= set(_CODE.findall(text))
            found |= {f"pagination_{word}" for word in _BROKEN.findall(text)}
    return found


def _stage_failures() -> Iterator[str]:
    return (f"{stage}_failed" for stage in Stage if stage is not Stage.SENT)


def test_every_code_of_an_error_is_explained() -> None:
    explained = {word for heading in CODES for word in column(section(heading), "Code")}

    assert codes() - explained == set()


def test_every_code_that_is_explained_is_one_that_the_code_gives() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "rotator").rglob("*.py")]
    given = codes() | set(Reason) | set(_defaults(RotatorError))

    for heading in CODES:
        for code in column(section(heading), "Code"):
            assert code in given or any(f'"{code}"' in text for text in sources), code


def _defaults(kind: type[RotatorError]) -> Iterator[str]:
    yield kind.default_code
    for child in kind.__subclasses__():
        yield from _defaults(child)


def test_every_kind_of_a_choice_is_explained() -> None:
    how = section("How to write it")
    kinds = column(how, "`type`"), column(how, "`time`")

    assert set(AuthKind) == {word for word in kinds[0] if word in set(AuthKind)}
    pages = column(how[how.index("**Pages.**") :], "`type`")
    assert set(PageKind) == {word for word in pages if word in set(PageKind)}
    assert set(TimeForm) == {word for word in kinds[1] if word in set(TimeForm)}


def test_every_hole_and_filter_is_in_the_manual() -> None:
    filters = {word.partition(":")[0] for word in column(MANUAL, "Filter")}
    holes = {word.strip("${}").partition(".")[0] for word in column(MANUAL, "Hole")}

    assert filters == set(FILTERS)
    assert holes == set(Namespace)


def test_the_run_that_is_shown_has_every_check_in_its_order() -> None:
    lines = blocks(TRY, "text")[0].splitlines()
    told = [re.split(r"^(?:passed|not applicable) +", line)[-1].split(":")[0] for line in lines]
    wanted = re.findall(r'^ +\("([a-z ]+)", self\._', _source(Conformance), re.MULTILINE)

    assert wanted
    assert [what for what in told if what in wanted] == wanted


def _source(kind: type) -> str:
    module = ROOT / Path(*kind.__module__.split(".")).with_suffix(".py")
    return module.read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "anchor"), sorted(set(_LINK.findall(TEXT))))
def test_every_link_leads_somewhere(page: str, anchor: str) -> None:
    target = DOCS / "providers" / (page or "http.md")
    assert target.exists()
    heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}

    assert not anchor or anchor in anchors
