"""Builds the two files of an installation, valid unless a test says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rotator.errors import ConfigError, Fault
from rotator.settings.loading import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rotator.settings.settings import Settings

CONFIGURATION = """\
apiVersion: rotator/v1
kind: Configuration
owner: tests
aws:
  region: eu-central-1
  accounts:
    - id: "111122223333"
      name: prod
"""
POLICY = """\
apiVersion: rotator/v1
kind: Policy
rules:
  - name: ci
    match: {principal: ci-*}
    action: rotate
    destination: {type: aws-secrets-manager, secret: "iam/{principal}"}
"""


@dataclass(frozen=True)
class Files:
    """A folder with both files."""

    folder: Path

    def write(self, configuration: str = CONFIGURATION, policy: str = POLICY) -> Files:
        """Write both files."""
        (self.folder / "rotator.yaml").write_text(configuration, encoding="utf-8")
        (self.folder / "policy.yaml").write_text(policy, encoding="utf-8")
        return self

    def load(self, environ: Mapping[str, str] | None = None) -> Settings:
        """Load both files."""
        return load(self.folder / "rotator.yaml", environ or {})

    def faults(self, environ: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
        """Load both files, which must be refused."""
        with pytest.raises(ConfigError) as caught:
            self.load(environ)
        return caught.value.faults

    def diagnostics(self) -> str:
        """Show all faults as a person sees them, without the folder."""
        lines = "\n".join(map(str, self.faults()))
        return lines.replace(f"{self.folder}/", "") + "\n"
