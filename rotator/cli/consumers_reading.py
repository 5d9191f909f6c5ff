"""Manifests from files, directories and standard input, each object with its line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, SequenceNode

from rotator.core.consumer_lint import Found
from rotator.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.nodes import Node

_ENDINGS: Final = frozenset({".yaml", ".yml", ".json"})
_STDIN: Final = "-"
_MOST_BYTES: Final = 64 << 20
_MOST_REPEATED: Final = 1_000_000
"""Values that the aliases of one file may stand for."""

_DEEPEST: Final = 100


def read_manifests(paths: tuple[str, ...], namespace: str) -> tuple[Found, ...]:
    """Read every object of the manifests.

    Args:
        paths: Files, directories, or ``-``.
        namespace: Where an object would be made that names none.

    Raises:
        ConfigError: With everything that cannot be read.
    """
    found: list[Found] = []
    faults: list[Fault] = []
    for place, text in _texts(paths, faults):
        try:
            found += _objects(place, text, namespace)
        except (yaml.YAMLError, ValueError) as error:
            faults.append(_unparsed(place, error))
    if faults:
        raise ConfigError(faults)
    return tuple(found)


def _texts(paths: tuple[str, ...], faults: list[Fault]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for file in [None] if path == _STDIN else _files(Path(path)):
            place = "stdin" if file is None else str(file)
            try:
                yield place, sys.stdin.read() if file is None else _content(file)
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                faults.append(_fault(place, 0, f"cannot be read: {why}", "name one that can"))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(item for item in path.rglob("*") if item.suffix in _ENDINGS and item.is_file())


def _content(file: Path) -> str:
    if file.stat().st_size > _MOST_BYTES:
        raise ValueError("it is larger than 64 MiB")
    return file.read_text(encoding="utf-8")


def _objects(place: str, text: str, namespace: str) -> Iterator[Found]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            yield from _of_node(place, loader, node, namespace)
    finally:
        loader.dispose()


def _of_node(
    place: str, loader: yaml.SafeLoader, node: Node | None, namespace: str
) -> Iterator[Found]:
    if not isinstance(node, MappingNode):
        return
    items = next((value for key, value in node.value if key.value == "items"), None)
    if isinstance(items, SequenceNode):
        for item in items.value:
            yield from _of_node(place, loader, item, namespace)
        return
    body: dict[str, Any] = loader.construct_document(node)
    metadata = body.get("metadata")
    own = metadata.get("namespace") if isinstance(metadata, dict) else None
    yield Found(f"{place}:{node.start_mark.line + 1}", body, str(own or namespace))


class _Loader(yaml.SafeLoader):
    """Takes aliases, as manifests have them, but not those that grow without end."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._values = self._repeated = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Make a node, and count what it holds."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        is_alias, before = self.check_event(AliasEvent), self._values
        if self._depth == _DEEPEST:
            raise yaml.MarkedYAMLError(problem="it is nested too deep", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if is_alias:
            # Without a size as yet, it is a part of itself.
            size = self._sizes.get(id(node), _MOST_REPEATED + 1)
            self._repeated += size
            if self._repeated > _MOST_REPEATED:
                problem = "its aliases repeat too much"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
            self._values += size
        else:
            self._values += 1
            self._sizes[id(node)] = self._values - before
        return node


def _unparsed(place: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 0
    why = getattr(error, "problem", None) or str(error).partition("\n")[0]
    remedy = "render templates first, as with `helm template`"
    return _fault(place, line, f"is not YAML: {why}", remedy)


def _fault(place: str, line: int, problem: str, remedy: str) -> Fault:
    return Fault(file=place, line=line, field="", problem=problem, remedy=remedy)
