"""Whatever the manual tells people to type or to write exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from rotator.cli.main import cli
from rotator.core.events import AuditAction
from rotator.settings.document import read_document
from rotator.settings.published import FILES, field_table
from tests.helm.schema import value_names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

_INLINE = re.compile(r"`rotator((?: [^\s`|;&#]+)+)")
_IN_POD = r"kubectl .*exec .* -- (?:\\\n *)?(?:env \S+ )?"
_TYPED = re.compile(rf"^\s*(?:\$ )?(?:{_IN_POD}|.* \| )?rotator((?: [^\s`|;&#]+)+)", re.MULTILINE)
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"`([a-z]+[A-Za-z0-9]*(?:\[\])?(?:\.[a-z]+[A-Za-z0-9]*(?:\[\])?)+)`")
_YAML = re.compile(r"^```ya?ml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FREE = frozenset(
    {
        "aws.endpointUrls",
        "http.providers.accounts.credentials",
        "http.providers.accounts.params",
        "ownership.managedTags",
        "rules.match.tags",
    }
)
_VENDORS = {"service.workspace"}
"""Claims of tokens, which look like values of the chart."""

_FILE_ENDINGS = {"yaml", "yml", "json", "jsonl", "md", "py", "toml", "db", "txt"}


def known_fields() -> set[str]:
    """Name every field of both files, and every mapping around one."""
    paths: set[str] = set()
    for model in FILES.values():
        for row in field_table(model).splitlines()[2:]:
            parts = row.split("`")[1].replace("[]", "").split(".")
            paths |= {".".join(parts[: end + 1]) for end in range(len(parts))}
    return paths


FIELDS = known_fields()
SEGMENTS = {segment for path in FIELDS for segment in path.split(".")}
VALUES = value_names()
"""Values of the chart."""
VALUE_ROOTS = {name.split(".")[0] for name in VALUES} - {path.split(".")[0] for path in FIELDS}
TARGETS = set(
    re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
_TARGET = re.compile(r"(?:^|`)make ([a-z-]+)(?=[`\s])", re.MULTILINE)


def problem_of_command(words: list[str]) -> str:
    """Say what is wrong with the words after ``rotator``; empty if nothing is."""
    command: click.Command = cli
    options = [word for word in words if word.startswith("--")]
    for word in words:
        if not isinstance(command, click.Group) or not re.fullmatch(r"[a-z-]+", word):
            break
        if word.startswith("-"):
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            return f"no command `{word}`"
        command = found
    known = {name for item in (cli, command) for param in item.params for name in param.opts}
    unknown = [name for name in options if name.partition("=")[0] not in {*known, "--help"}]
    return f"no option {unknown}" if unknown else ""


def faults(text: str) -> Iterator[str]:
    """Name everything in a page that does not exist."""
    blocks = "\n".join(_BLOCK.findall(text))
    for words in (*_INLINE.findall(text), *_TYPED.findall(blocks)):
        problem = problem_of_command(words.split())
        if problem:
            yield f"`rotator{words}`: {problem}"
    for name in _FIELD.findall(text):
        plain = name.replace("[]", "")
        first, last = plain.split(".")[0], plain.rsplit(".", 1)[1]
        is_ours = first in SEGMENTS and last not in _FILE_ENDINGS
        if plain in set(AuditAction) | VALUES:
            continue
        is_value = first in VALUE_ROOTS and last not in _FILE_ENDINGS
        if is_value and plain.partition(".")[2] not in FIELDS and plain not in _VENDORS:
            yield f"`{name}`: no such value of the chart"
        if is_ours and not any(f".{path}".endswith(f".{plain}") for path in FIELDS):
            yield f"`{name}`: no such field"
    for target in set(_TARGET.findall(text)) - TARGETS:
        yield f"`make {target}`: no such target"
    for block in _YAML.findall(text):
        yield from (f"YAML `{path}`: no such field" for path in unknown_keys(block))


def unknown_keys(block: str) -> Iterator[str]:
    """Name the keys of a YAML block that no field has; foreign YAML is left alone."""
    document = read_document("block", block)
    paths = [tuple(part for part in path if isinstance(part, str)) for path in document.lines]
    if any(path and path[0] not in FIELDS for path in paths):
        return
    for path in map(".".join, filter(None, paths)):
        if path not in FIELDS and path.rpartition(".")[0] not in _FREE:
            yield path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_manual_names_only_what_exists(page: Path) -> None:
    assert list(faults(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "`rotator frobnicate`",
        "```\n$ rotator keys lst\n```",
        "`rotator keys list --jsn`",
        "`aws.acounts`",
        "`grace.maximum`",
        "`networkPolicy.enabeld`",
        "`config.audit.s3x`",
        "```sh\nkubectl -n x exec sts/rotator -- rotator doctr\n```",
        "```sh\nkubectl -n x exec sts/rotator -- \\\n    env USER=x rotator accounts confrm 1\n```",
        "```sh\nhelm template x | rotator consumers lnt -\n```",
        "`make imge`",
        "```yaml\nweb:\n  prt: 1\n```",
    ],
)
def test_the_check_bites(text: str) -> None:
    assert list(faults(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        "`rotator keys rotate NAME --account ID`",
        "rotator is a daemon",
        "`config.audit.s3`, `networkPolicy.enabled`, `make image`",
        "```sh\nkubectl -n x exec -it sts/rotator -- env USER=x rotator doctor\n```",
        "`rotator.yaml`, `policy.yaml`",
        "`aws.accounts[].roleArn`, `grace.max`",
        "```yaml\nfoo: {bar: 1}\n```",
        "```yaml\naws:\n  endpointUrls: {iam: http://x}\n```",
    ],
)
def test_the_check_leaves_other_things_alone(text: str) -> None:
    assert list(faults(text)) == []
