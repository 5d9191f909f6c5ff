"""Log set-up: one JSON object a line on standard error, for us and for libraries.

Secrets cannot reach a line: a `Secret` prints as stars wherever it stands, and
this module replaces it before anything renders, also inside lists and mappings.
Libraries that would log requests, answers or statements are held at warnings,
whatever level is asked for.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TextIO

import structlog

from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.telemetry.lines import count_line

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"
"""What stands in a line where a secret was."""

_HELD = {
    "alembic": logging.WARNING,
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "s3transfer": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    # Of what it finds in an answer it warns with the whole URL, which may be a secret.
    "urllib3": logging.CRITICAL,
    "uvicorn": logging.WARNING,
    # Services of Apprise's are called through these; they log what they sign by.
    "oauthlib": logging.WARNING,
    "requests_oauthlib": logging.WARNING,
    # The engine tells of failed ticks itself, without their message.
    "apscheduler": logging.CRITICAL,
}
"""Loggers of libraries and the level that each is held at."""


def configure_logs(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of the process through the same processors.

    Calling it again replaces what an earlier call set up.

    Args:
        level: Name of the lowest level that is written, such as ``DEBUG``.
        stream: Where lines go; standard error if not given.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, held in _HELD.items():
        logging.getLogger(name).setLevel(held)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def hide_secrets(
    logger: WrappedLogger, method_name: str, event_dict: MutableMapping[str, object]
) -> EventDict:
    """Replace every secret of a line, however deep it stands (a structlog processor)."""
    del logger, method_name
    return {name: _hidden(value) for name, value in event_dict.items()}


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )


def _shared() -> list[Processor]:
    """List what every line goes through, ours and a library's."""
    return [
        hide_secrets,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        count_line,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        # Text, not structures: a structured traceback would carry local variables.
        structlog.processors.format_exc_info,
    ]


def _hidden(value: object) -> object:
    match value:
        case Secret() | KeyMaterial() | MintedKey():
            return HIDDEN
        case Mapping():
            return {str(name): _hidden(item) for name, item in value.items()}
        case list() | tuple() | AbstractSet():
            return [_hidden(item) for item in value]
        case _:
            return value
