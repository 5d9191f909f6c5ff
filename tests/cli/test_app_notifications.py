"""The real app makes the channels that the configuration names."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from rotator.app import open_app
from rotator.notify.slack import Slack
from rotator.notify.webhook import Webhook
from tests.settings.files import CONFIGURATION, Files

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {
    "HOOK": "whsec_" + b64encode(b"x" * 32).decode(),
    "SLACK": "https://hooks.slack.example/services/T/B/hush",
    "JSON": "json://127.0.0.1:1",
}
SECTION = """\
notifications:
  channels:
    - {name: siem, type: webhook, url: "https://siem.example/hook", secret: "env:HOOK"}
    - {name: chat, type: slack, url: "env:SLACK"}
  default: [siem]
  heartbeat: {url: "https://beat.example/ping"}
"""


def test_channels_and_heartbeat_are_made_and_closed(tmp_path: Path) -> None:
    settings = Files(tmp_path).write(CONFIGURATION + SECTION).load(ENVIRON)

    with open_app(settings, read_only=True) as app:
        assert isinstance(app.notices.channels["siem"], Webhook)
        assert isinstance(app.notices.channels["chat"], Slack)
        assert app.notices.heartbeat is not None
        assert app.notices.waiting() == ()


def test_without_the_section_there_are_none(tmp_path: Path) -> None:
    with open_app(Files(tmp_path).write().load(ENVIRON), read_only=True) as app:
        app.notify()
        assert app.notices.channels == {}
        assert app.notices.heartbeat is None


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_is_one_of_them(tmp_path: Path) -> None:
    pytest.importorskip("apprise", reason="the extra `apprise` is not installed")
    section = (
        "notifications:\n  channels: [{name: a, type: apprise, url: env:JSON}]\n  default: [a]\n"
    )
    settings = Files(tmp_path).write(CONFIGURATION + section).load(ENVIRON)

    with open_app(settings, read_only=True) as app:
        assert not app.notices.try_out("a", operator="ann").is_told


@pytest.mark.parametrize(
    ("allowed", "code"), [("", "address_refused"), (", allowPrivate: true", "connect_failed")]
)
def test_a_private_address_is_called_only_where_its_channel_says_so(
    tmp_path: Path, allowed: str, code: str
) -> None:
    section = (
        "notifications:\n  channels:\n    - {name: siem, type: webhook, secret: 'env:HOOK', "
        f"url: 'https://127.0.0.1:1/hook'{allowed}}}\n  default: [siem]\n"
    )
    settings = Files(tmp_path).write(CONFIGURATION + section).load(ENVIRON)

    with open_app(settings, read_only=True) as app:
        assert app.notices.try_out("siem", operator="ann").code == code
