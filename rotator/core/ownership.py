"""Whose business a key is beside policy: another tool's, or a person's who is asked about it.

A key that a tool such as Terraform manages is only reported: the tool would make the
old one again, or lose its state, behind our back. People have the tool leave tags, or it
leaves nothing at all (CloudFormation does not tag IAM users by itself), and then a list
must name the principals.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rotator.core.tags import TagGlobs, tag_named

if TYPE_CHECKING:
    from rotator.core.facts import Principal
    from rotator.core.tags import Tags

_TOOLS = tuple(f"*{tool}*" for tool in ("terraform", "opentofu", "cloudformation", "pulumi"))

MANAGED_TAGS = (
    TagGlobs(name="aws:cloudformation:stack-name"),
    TagGlobs(name="managed-by", values=_TOOLS),
    TagGlobs(name="managed_by", values=_TOOLS),
    TagGlobs(name="ManagedBy", values=_TOOLS),
    TagGlobs(name="terraform", values=("true", "yes", "1")),
)
"""Tags by which tools and their users say that a principal is theirs."""

ROOT_ACCOUNT = "<root_account>"
"""The name under which an account's root is shown; no user can have it."""

_ONE_PLACE = "manage the key in one place: {how}, or leave it reported"
_HOW = (
    ("cloudformation", "take AWS::IAM::AccessKey out of the stack and keep the key"),
    ("terraform", "remove aws_iam_access_key from the Terraform state"),
    ("opentofu", "remove aws_iam_access_key from the OpenTofu state"),
    ("pulumi", "remove aws.iam.AccessKey from the Pulumi state"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What tells whose business a key is.

    Attributes:
        contact_tags: Names of tags, the first of which that is there tells whom to ask.
        managed_tags: Tags of principals whose keys another tool manages; values are
            compared in lower case.
        managed_principals: Globs for names of such principals, where no tag tells.
    """

    contact_tags: tuple[str, ...] = ()
    managed_tags: tuple[TagGlobs, ...] = MANAGED_TAGS
    managed_principals: tuple[str, ...] = ()

    @property
    def asks_for_tags(self) -> bool:
        """Whether a principal that policy wants rotated must have its tags read."""
        return bool(self.contact_tags or self.managed_tags)

    def contact(self, tags: Tags) -> str:
        """Say whom to ask about a principal's keys; empty if no tag tells."""
        told = (tag_named(tags, name) for name in self.contact_tags)
        return next((value.strip() for value in told if value and value.strip()), "")

    def listed(self, principal: Principal) -> str:
        """Say in a sentence that the list names a principal; empty if it does not."""
        if any(fnmatchcase(principal.name, glob) for glob in self.managed_principals):
            return _note("ownership.managedPrincipals lists it", "")
        return ""

    def tagged(self, tags: Tags) -> str:
        """Say in a sentence that tags name another tool; empty if they do not."""
        told = managing_tag(tags, self.managed_tags)
        if told is None:
            return ""
        name, value = told
        return _note(f"its tag `{name}` is `{value}`", f"{name} {value}")


def managing_tag(
    tags: Tags, markers: tuple[TagGlobs, ...] = MANAGED_TAGS
) -> tuple[str, str] | None:
    """Return the tag by which another tool says that something is its own, if one does."""
    quiet = {name: value.casefold() for name, value in tags.items()}
    marker = next((item for item in markers if item.covers(quiet)), None)
    if marker is None:
        return None
    return marker.name, tag_named(tags, marker.name) or ""


def root_note(count: int) -> str:
    """Say what is to be done about the keys of an account's root; there is at least one."""
    what = "the root key" if count == 1 else f"the {count} root keys"
    return (
        f"delete {what}: it can do everything and cannot be limited. Only root itself or the "
        "organisation's management account can; rotator never touches it"
    )


def _note(why: str, tool: str) -> str:
    text = tool.casefold()
    how = next((advice for word, advice in _HOW if word in text), "take it out of the other tool")
    return f"another tool manages its keys ({why}); {_ONE_PLACE.format(how=how)}"
