"""What an object must not be called: names that people gave to principals end up in them.

Who may make a user or name a key chooses the principal's name. It fills a place in the
name that policy wrote, and must not lead anywhere else: into another directory, another
resource of the cluster, or the object in which staged versions wait.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rotator.core.rotation import Action

if TYPE_CHECKING:
    from rotator.core.facts import DestinationRef
    from rotator.core.policy import Decision, Rule

KUBERNETES_SECRET: Final = "kubernetes-secret"  # noqa: S105 - the type of a destination
FILE: Final = "file"

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_OBJECT = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_COMPANION = "-rotator"
_LONGEST_OBJECT = 253 - len(_COMPANION)
_SIDE = re.compile(r"\..*\.rotator")
_LONGEST_PART_BYTES = 255 - len("..rotator")
"""The longest that Kubernetes and Linux take, less what the place for staged versions adds."""


def fitting(rule: Rule, decision: Decision) -> Decision:
    """Only report a principal whose name would lead one of its rule's places elsewhere."""
    refs = (decision.destination, *decision.followers)
    pairs = zip((rule.destination, *rule.followers), refs, strict=True)
    problems = {ref: misnamed(item.name, ref) for item, ref in pairs if item and ref}
    bad = next((ref for ref, problem in problems.items() if problem), None)
    if bad is None:
        return decision
    return replace(
        decision,
        action=Action.REPORT,
        note=f"rule `{rule.name}` has no place for it: `{bad.name}` {problems[bad]}",
        destination=None,
        followers=tuple(ref for ref in decision.followers if not problems[ref]),
    )


def misnamed(template: str, ref: DestinationRef) -> str:
    """Say why an object cannot be called so.

    Args:
        template: Its name as policy writes it, with placeholders.
        ref: The object, with them filled in.

    Returns:
        What is wrong with the name, to be put behind it; empty for one that will do.
    """
    if ref.kind == KUBERNETES_SECRET:
        return _misnamed_secret(ref.name)
    return _misnamed_file(template, ref.name) if ref.kind == FILE else ""


def is_companion(name: str) -> bool:
    """Whether a Secret of that name would be the place for the staged versions of another."""
    return name.endswith(_COMPANION)


def is_beside(path: str) -> bool:
    """Whether a file of that path would stand among the staged versions of another."""
    return any(_SIDE.fullmatch(part) for part in path.split("/"))


def _misnamed_secret(name: str) -> str:
    if not _OBJECT.fullmatch(name):
        return "is not a name for a Secret: lower case letters, digits, `-` and `.` are"
    if len(name) > _LONGEST_OBJECT:
        return f"is longer than {_LONGEST_OBJECT} characters"
    return "is where the staged versions of another Secret are kept" if is_companion(name) else ""


def _misnamed_file(template: str, path: str) -> str:
    parts = path.split("/")[1:]
    if path.count("/") != template.count("/") or not {"", ".", ".."}.isdisjoint(parts):
        return "leads to another directory"
    if not path.isprintable():
        return "holds characters that cannot be shown"
    if any(len(part.encode()) > _LONGEST_PART_BYTES for part in parts):
        return f"has a part that is longer than {_LONGEST_PART_BYTES} bytes"
    return "is where the staged versions of another file are kept" if is_beside(path) else ""
