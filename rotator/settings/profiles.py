"""Profiles of the vendor's command line: which workspace one belongs to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rotator.core.ids import AccountId
from rotator.settings.references import UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKSPACE: Final = r"[A-Z0-9]{16}"
"""The form of a workspace's id."""

_CONFIG_PATH = "CS_CONFIG_PATH"
_FILE = "profile-config.json"


def profile_workspace(profile: str, environ: Mapping[str, str]) -> AccountId:
    """Read which workspace a profile names in its field ``service.workspace``.

    Args:
        profile: The profile's name, which is that of its folder.
        environ: Where the folder of all profiles may be named.

    Raises:
        UnresolvedError: There is no such file, or it names no workspace.
    """
    path = _folder(environ) / profile / _FILE
    service = _content(path).get("service")
    workspace = service.get("workspace") if isinstance(service, dict) else None
    if not isinstance(workspace, str) or not re.fullmatch(WORKSPACE, workspace):
        raise UnresolvedError(
            f"the file `{path}` names no workspace in `service.workspace`",
            "log in to the workspace with the vendor's command line, or write `crn` instead",
        )
    return AccountId(workspace)


def _folder(environ: Mapping[str, str]) -> Path:
    named, home = environ.get(_CONFIG_PATH), environ.get("HOME")
    if named:
        return Path(named)
    if home:
        return Path(home) / ".cipherstash"
    raise UnresolvedError(
        f"nobody says where profiles are: neither `{_CONFIG_PATH}` nor `HOME` is set",
        f"set `{_CONFIG_PATH}`, or write `crn` instead",
    )


def _content(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnresolvedError(
            f"the file `{path}` cannot be read: {error.strerror}",
            "name a profile that exists, or write `crn` instead",
        ) from error
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UnresolvedError(
            f"the file `{path}` is not a JSON object", "repair it, or write `crn` instead"
        )
    return content
