"""`notifications:` of `rotator.yaml`: what is read, and what is refused with its line."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from rotator.core.notice_routes import Route
from rotator.core.notices import Severity
from rotator.settings import notification_terms
from rotator.settings.notifications import ChannelType, NotificationTerms
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "whsec_" + b64encode(b"x" * 32).decode()
ENVIRON = {"HOOK": SECRET, "OLD": SECRET, "SLACK": "https://hooks.slack.example/services/T/B/hush"}
WHOLE = """\
notifications:
  channels:
    - {name: siem, type: webhook, url: "https://siem.example/hook", secret: "env:HOOK",
       previousSecret: "env:OLD"}
    - {name: security, type: slack, url: "env:SLACK"}
    - {name: inside, type: webhook, url: "http://10.0.0.1/in", secret: "file:hook",
       allowPrivate: true}
  routes:
    - match: {owner: team-payments, rule: ci-*, account: [prod], severity: [WARN, ERROR]}
      channels: [security]
    - match: {}
      channels: []
  default: [siem, security]
  heartbeat: {url: "file:beat"}
"""


def files(folder: Path, section: str = WHOLE) -> Files:
    (folder / "hook").write_text(SECRET + "\n", encoding="utf-8")
    (folder / "beat").write_text("https://beat.example/ping/hush\n", encoding="utf-8")
    return Files(folder).write(CONFIGURATION + section)


def channel(line: str) -> str:
    """Write a section with one channel, to which everything goes."""
    return f"notifications:\n  channels:\n    - {{name: a, {line}}}\n  default: [a]\n"


def test_everything_is_looked_up(tmp_path: Path) -> None:
    terms = files(tmp_path).load(ENVIRON).notifications

    siem, security, inside = terms.channels
    assert (siem.name, siem.type, len(siem.secrets)) == ("siem", ChannelType.WEBHOOK, 2)
    assert siem.receiver.origin == "https://siem.example"
    assert not siem.receiver.allow_private
    assert (security.type, security.receiver.origin) == (
        ChannelType.SLACK,
        "https://hooks.slack.example",
    )
    assert inside.receiver.allow_private
    assert terms.heartbeat is not None
    assert terms.heartbeat.origin == "https://beat.example"
    assert terms.routing.default == ("siem", "security")
    assert terms.routing.accounts == {"111122223333": "prod"}
    assert terms.routing.routes == (
        Route(
            owner=("team-payments",),
            rule=("ci-*",),
            account=("prod",),
            severity=(Severity.WARN, Severity.ERROR),
            channels=("security",),
        ),
        Route(),
    )


def test_nothing_that_is_secret_shows(tmp_path: Path) -> None:
    settings = files(tmp_path).load(ENVIRON)

    assert "hush" not in repr(settings.notifications)
    assert SECRET not in repr(settings.notifications)


def test_without_the_section_nobody_is_told(tmp_path: Path) -> None:
    assert files(tmp_path, "").load().notifications == NotificationTerms(
        routing=files(tmp_path, "").load().notifications.routing
    )


FAULTS = """\
notifications:
  channels:
    - {name: hook, type: webhook, url: "https://siem.example/hook"}
    - {name: chat, type: slack, url: "https://hooks.slack.example/T/B/hush"}
    - {name: chat, type: slack, url: "env:SLACK", secret: "env:HOOK", allowPrivate: true}
    - {name: lost, type: slack, url: "env:NOWHERE"}
    - {name: open, type: webhook, url: "http://siem.example/hook", secret: "env:HOOK"}
    - {name: weak, type: webhook, url: "https://siem.example/hook", secret: "env:SLACK",
       previousSecret: "env:NOWHERE"}
    - {name: none, type: slack, url: "env:HOOK"}
  routes:
    - match: {owner: team-web}
      channels: [chat, caht]
  heartbeat: {url: "http://beat.example"}
"""


def test_every_fault_is_told_with_its_line(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    found = files(tmp_path, FAULTS)
    text = "\n".join(map(str, found.faults(ENVIRON))).replace(f"{tmp_path}/", "") + "\n"

    golden("tests/golden/notification_faults.txt", text)
    assert "hush" not in text
    assert SECRET not in text


def test_a_route_to_a_channel_where_there_is_none_is_refused(tmp_path: Path) -> None:
    (fault,) = files(tmp_path, "notifications: {default: [security]}\n").faults()

    assert fault.field == "notifications.default[0]"
    assert "add it to `channels`" in fault.remedy


@pytest.mark.parametrize(
    "line",
    [
        'type: webhook, url: "https://u:hush@x.example", secret: "env:HOOK"',
        'type: webhook, url: "https://x.example", secret: "whsec_hush"',
        'type: pigeon, url: "https://x.example"',
    ],
    ids=["user in url", "secret in the file", "unknown type"],
)
def test_what_has_the_wrong_form_is_refused_and_not_repeated(tmp_path: Path, line: str) -> None:
    (fault,) = files(tmp_path, channel(line)).faults(ENVIRON)

    assert "hush" not in str(fault)


def test_apprise_without_its_package_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = channel("type: apprise, url: env:SLACK")
    monkeypatch.setattr(notification_terms, "find_spec", lambda _: None)
    (fault,) = files(tmp_path, section).faults(ENVIRON)
    monkeypatch.setattr(notification_terms, "find_spec", lambda name: name)

    assert fault.remedy == "install `rotator[apprise]`"
    (made,) = files(tmp_path, section).load(ENVIRON).notifications.channels
    assert (made.type, made.receiver.origin) == (ChannelType.APPRISE, "")
