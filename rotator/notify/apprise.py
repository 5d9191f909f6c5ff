"""Everything else, through the package Apprise, which is an extra: `rotator[apprise]`."""

from __future__ import annotations

import logging
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from rotator.errors import RejectedError
from rotator.notify.channel import Verdict
from rotator.notify.wording import headline, plain_text

if TYPE_CHECKING:
    from rotator.core.notices import Notice
    from rotator.core.secret import Secret

_CALLS = re.compile(r"@(?=everyone|here|channel|all)|<(?=[!@#])", re.IGNORECASE)
"""How chats call everybody, or a person or a channel."""

_WORD_JOINER = "\u2060"
"""Is not seen, and keeps a principal's name from calling anybody."""

_KINDS: Final = {"INFO": "info", "WARN": "warning", "ERROR": "failure"}


class AppriseChannel:
    """One of Apprise's services; implements `rotator.notify.channel.Channel`.

    Its connections are Apprise's own: neither the addresses nor the redirects that
    `rotator.clients.http` refuses are refused here. Its plug-ins bound their time.
    """

    def __init__(self, url: Secret) -> None:
        """Take the service's URL, which is a secret.

        Raises:
            RejectedError: Apprise knows no such service.
        """
        # Its log lines hold parts of URLs, and bodies at DEBUG.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        self._service: Any = import_module("apprise").Apprise()
        if not self._service.add(url.reveal()):
            hint = "see https://github.com/caronc/apprise/wiki for the URLs of services"
            raise RejectedError("Apprise knows no such service", code="bad_url", hint=hint)

    def tell(self, notice_id: str, notice: Notice) -> Verdict:
        """Tell one notice as text; Apprise says only whether it went well."""
        del notice_id
        try:
            is_told = self._service.notify(
                title=headline(notice),
                body=_CALLS.sub(rf"\g<0>{_WORD_JOINER}", plain_text(notice)),
                body_format="text",
                notify_type=_KINDS[notice.severity],
            )
        except Exception:  # noqa: BLE001 - whatever a plug-in raises, others are told
            is_told = False
        return Verdict() if is_told else Verdict(code="apprise_failed")
