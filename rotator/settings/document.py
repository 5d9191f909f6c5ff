"""YAML as plain values plus the line of every field, so that a fault can point at it.

The reading is stricter than YAML 1.1: ``yes``, ``on`` and dates are texts, numbers
with a leading zero stay texts (account ids have them), tags and aliases are
refused. An empty value is the same as leaving the field out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from rotator.errors import Fault

if TYPE_CHECKING:
    from yaml.nodes import Node

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_MOST_DIGITS = 18
_DEEPEST = 40
_TAGS: dict[type[Node], str] = {
    ScalarNode: BaseResolver.DEFAULT_SCALAR_TAG,
    SequenceNode: BaseResolver.DEFAULT_SEQUENCE_TAG,
    MappingNode: BaseResolver.DEFAULT_MAPPING_TAG,
}


@dataclass(frozen=True, slots=True)
class Document:
    """One file as read.

    Attributes:
        file: Its path as the user gave it.
        values: Mappings, tuples, texts, numbers and truths; empty if unreadable.
        lines: 1-based line of every field.
        faults: What was wrong with the YAML itself.
    """

    file: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def line(self, path: Path) -> int:
        """Return the line of a field, or of the nearest one around it that is written."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 0

    def fault(self, path: Path, problem: str, remedy: str) -> Fault:
        """Make a fault that points at a field."""
        return Fault(
            file=self.file,
            line=self.line(path),
            field=spell(path),
            problem=problem,
            remedy=remedy,
        )


def spell(path: Path) -> str:
    """Write a path as people do: ``rules[2].grace.max``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(file: str, text: str) -> Document:
    """Read the text of a YAML file; whatever is wrong with it is in `faults`."""
    try:
        root = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        return Document(file=file, faults=(_syntax_fault(file, error),))
    except (yaml.YAMLError, ValueError, OverflowError):  # an escape may stand for no character
        return Document(file=file, faults=(_character_fault(file),))
    builder = _Builder(file)
    if root is None:
        return Document(file=file)
    if not isinstance(root, MappingNode):
        builder.complain(root, (), "the file is not a mapping", "start with `apiVersion:`")
        return Document(file=file, faults=tuple(builder.faults))
    values = builder.mapping(root, ())
    return Document(file=file, values=values, lines=builder.lines, faults=tuple(builder.faults))


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML up to its nodes; what a scalar means is decided by `_Builder`."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Refuse aliases: they make cycles, and a reviewer has to look elsewhere; and depth."""
        is_alias = self.check_event(AliasEvent)
        if is_alias or self._depth == _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            problem = "aliases are not supported" if is_alias else "it is nested too deep"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        self._depth += 1
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Builder:
    """Turns nodes into values, noting lines and faults on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []

    def complain(self, node: Node, path: Path, problem: str, remedy: str) -> None:
        """Note a fault at a node."""
        line = _line(node)
        self.faults.append(
            Fault(file=self.file, line=line, field=spell(path), problem=problem, remedy=remedy)
        )

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        """Read a mapping; of a key that is written twice the first one counts."""
        values: dict[str, Any] = {}
        seen: dict[str, int] = {}
        self.lines.setdefault(path, _line(node))
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.complain(key_node, path, "a key is not a word", "write `name: value`")
                continue
            key = str(key_node.value)
            at = (*path, key)
            if key in seen:
                problem = f"duplicate key; it is in line {seen[key]} already"
                self.complain(key_node, at, problem, "keep one of the two")
                continue
            seen[key] = _line(key_node)
            self.lines[at] = seen[key]
            value = self.value(value_node, at)
            if value is not None:
                values[key] = value
        return values

    def value(self, node: Node, path: Path) -> object:
        """Read any node."""
        if node.tag not in {"!", _TAGS[type(node)]}:
            self.complain(node, path, f"the tag `{node.tag}` is not supported", "remove it")
        match node:
            case MappingNode():
                return self.mapping(node, path)
            case SequenceNode():
                return tuple(self.items(node, path))
            case _:
                return self.scalar(node)

    def items(self, node: SequenceNode, path: Path) -> list[object]:
        """Read the items of a list."""
        items = []
        for index, item in enumerate(node.value):
            at = (*path, index)
            self.lines[at] = _line(item)
            items.append(self.value(item, at))
        return items

    def scalar(self, node: Node) -> object:
        """Read a word or a number; quoted ones are texts whatever they look like."""
        text = str(node.value)
        if getattr(node, "style", None) is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text) and len(text) <= _MOST_DIGITS:
            return int(text)
        return float(text) if _NUMBER.fullmatch(text) else text


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_fault(file: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "it cannot be read"
    return Fault(
        file=file,
        line=mark.line + 1 if mark else 0,
        field="",
        problem=f"this is not YAML that we can read: {problem}",
        remedy=_SYNTAX_REMEDIES.get(problem, "check the indentation, colons and quotes here"),
    )


_SYNTAX_REMEDIES = {
    "aliases are not supported": "write the value out",
    "found character '\\t' that cannot start any token": "indent with spaces, not with tabs",
    "but found another document": "keep one document in a file",
    "it is nested too deep": "write it flatter",
}


def _character_fault(file: str) -> Fault:
    return Fault(
        file=file,
        line=0,
        field="",
        problem="the file holds characters that YAML does not allow",
        remedy="save it as UTF-8 text",
    )
