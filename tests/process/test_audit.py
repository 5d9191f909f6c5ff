"""What a real daemon writes, signs and witnesses is what an auditor verifies."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rotator.core.checkpoint import file_of_notes, parse_checkpoint, parse_note, read_notes
from tests.process.installation import Installation, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.simulators.aws.process import SimulatedAws

pytestmark = pytest.mark.process


@pytest.fixture
def site(aws: SimulatedAws, tmp_path: Path) -> Installation:
    """Give an installation that signs its log, and makes fingerprints."""
    made = Installation(tmp_path / "site", aws)
    folder = made.folder
    made.run("audit", "keygen", "--output", str(folder / "log.pem"), "--name", "test")
    (folder / "pepper").write_text("p" * 40)
    plain = f"audit: {{file: '{made.audit}'}}\n"
    section = (
        f"audit:\n  file: '{made.audit}'\n  signingKey: 'file:{folder}/log.pem'\n"
        f"  checkpoints: {{every: 8, witness: '{folder}/witness'}}\n"
        f"  fingerprints: {{current: k1, keys: {{k1: 'file:{folder}/pepper'}}}}\n"
    )
    written = made.file.read_text()
    assert plain in written
    made.file.write_text(written.replace(plain, section))
    return made


def asked(site: Installation, text: str) -> subprocess.CompletedProcess[str]:
    """Ask whether a text is one of the installation's keys."""
    return subprocess.run(
        [sys.executable, "-m", "rotator", "audit", "hash"],
        env=site.environ,
        cwd=site.folder,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_daemon_wrote_is_whole_and_signed_to_its_last_record(site: Installation) -> None:
    site.add_user("ci", days=80)
    with site.daemon() as daemon:
        eventually(lambda: not site.published("ci").startswith("AKIAOLD"), what="a new key")
        assert daemon.stop() == 0

    found = site.run("audit", "verify")

    count = len(site.audit.read_text().splitlines())
    assert found.stdout.splitlines()[0].startswith(f"clean: {count} records")
    assert f"covered by signatures up to {count} of {count}" in found.stdout
    assert (found.returncode, found.stderr) == (0, "")
    _is_recognised(site)
    _is_cut_and_caught(site)


def _is_recognised(site: Installation) -> None:
    """The secret that was minted is known by its fingerprint, and nobody else's is."""
    published = site.published("ci")
    key = next(it for it in site.user("ci").keys if it.access_key_id == published)
    ours = asked(site, key.secret_access_key)

    assert ours.returncode == 0
    assert key.access_key_id in ours.stdout
    assert asked(site, "q" * 40).returncode == 1


def _is_cut_and_caught(site: Installation) -> None:
    """Cut the log short together with its newest checkpoint."""
    own = site.audit.with_name(site.audit.name + ".checkpoints")
    *earlier, _ = read_notes(own.read_text())
    size = parse_checkpoint(parse_note(earlier[-1]).text).size
    lines = site.audit.read_text().splitlines(keepends=True)
    site.audit.write_text("".join(lines[:size]))
    own.write_text(file_of_notes(*earlier))

    found = site.run("audit", "verify")

    assert found.returncode == 1
    assert f"MISSING  checkpoint size={len(lines)}, only {size} records" in found.stdout
