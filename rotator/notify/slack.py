"""Slack's incoming webhooks, in Block Kit.

Every text is `plain_text`, in which nothing is markup: a principal's name cannot
call a channel or forge a link. The fallback for notifications is `mrkdwn` by Slack's
rules, so it is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotator.clients.http_messages import HttpRequest, json_body
from rotator.notify.posting import post
from rotator.notify.wording import details, headline, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotator.clients.http import HttpClient
    from rotator.core.notices import Notice
    from rotator.core.secret import Secret
    from rotator.notify.channel import Verdict

_HEADER_LETTERS: Final = 150
_SECTION_LETTERS: Final = 3000
_FIELD_LETTERS: Final = 2000
_FIELDS: Final = 10
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Slack:
    """One Slack channel; implements `rotator.notify.channel.Channel`."""

    def __init__(self, client: HttpClient, url: Secret) -> None:
        """Take where to send; the URL is a secret, for whoever has it may write there."""
        self._client = client
        self._url = url

    def tell(self, notice_id: str, notice: Notice) -> Verdict:
        """Post one message; Slack does not drop repetitions."""
        del notice_id
        request = HttpRequest(
            operation="notify:slack", method="POST", url=self._url, body=json_body(message(notice))
        )
        return post(self._client, request)


def message(notice: Notice) -> dict[str, object]:
    """Write a notice as a message in Block Kit, within its limits."""
    shown = [f"{label}\n{text}" for label, text in details(notice)][:_FIELDS]
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": _plain(headline(notice), _HEADER_LETTERS)},
        {"type": "section", "text": _plain(notice.summary, _SECTION_LETTERS)},
        *_lists(notice.items),
        {"type": "context", "elements": [_plain(moment(notice.at), _FIELD_LETTERS)]},
    ]
    if shown:
        fields = [_plain(text, _FIELD_LETTERS) for text in shown]
        blocks.insert(-1, {"type": "section", "fields": fields})
    text = f"{headline(notice)}: {notice.summary}".translate(_ESCAPES)
    return {"text": text, "mrkdwn": False, "blocks": blocks}


def _lists(items: Sequence[str]) -> list[dict[str, object]]:
    """Pack lines into as few sections as hold them."""
    packed: list[str] = []
    for item in items:
        longer = f"{packed[-1]}\n{item}" if packed else item
        if packed and len(longer) <= _SECTION_LETTERS:
            packed[-1] = longer
        else:
            packed.append(item)
    return [{"type": "section", "text": _plain(text, _SECTION_LETTERS)} for text in packed]


def _plain(text: str, letters: int) -> dict[str, object]:
    return {"type": "plain_text", "text": text[:letters], "emoji": False}
