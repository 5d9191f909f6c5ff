"""Log lines: one JSON object each, without secrets, whoever wrote them."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from rotator.core.ids import KeyId
from rotator.core.secret import KeyMaterial, MintedKey, Secret
from rotator.telemetry.logs import configure_logs
from rotator.testing.builders import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_TEXT = "wJalrXUtnFEMI/K7MDENG"
SECRET = Secret(SECRET_TEXT)
MATERIAL = KeyMaterial(key_id=KeyId("AKIA"), secret=SECRET)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    structlog.stdlib.get_logger("rotator").info("key created", key_id="AKIA", attempt=1)

    (line,) = written(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "key created",
        "level": "info",
        "logger": "rotator",
        "key_id": "AKIA",
        "attempt": 1,
    }


def test_a_library_writes_through_the_same_processors(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("pool is %s", "full")

    (line,) = written(stream)
    assert line["event"] == "pool is full"
    assert line["logger"] == "some.library"


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        MATERIAL,
        MintedKey(material=MATERIAL, created_at=EPOCH),
        [SECRET],
        (1, {"deep": [SECRET]}),
        {"secret": SECRET, 3: {SECRET_TEXT[:4]}},
        frozenset({"plain"}),
    ],
)
def test_no_secret_is_written_however_deep_it_stands(stream: io.StringIO, value: object) -> None:
    structlog.stdlib.get_logger("rotator").warning("seen", value=value)

    assert written(stream)
    assert SECRET_TEXT not in stream.getvalue()


def test_what_stands_beside_a_secret_is_kept(stream: io.StringIO) -> None:
    structlog.stdlib.get_logger("rotator").warning("seen", value={"key": ["AKIA", SECRET]})

    assert written(stream)[0]["value"] == {"key": ["AKIA", "***"]}


def test_a_secret_among_a_librarys_arguments_is_not_written(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("got %s and %r", SECRET, MATERIAL)

    assert "Secret(***)" in written(stream)[0]["event"]
    assert SECRET_TEXT not in stream.getvalue()


def test_a_traceback_holds_no_local_variables(stream: io.StringIO) -> None:
    local = SECRET_TEXT
    try:
        local.index("something else")
    except ValueError:
        logging.getLogger("some.library").exception("failed")

    assert "Traceback" in written(stream)[0]["exception"]
    assert SECRET_TEXT not in stream.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "botocore.endpoint",
        "urllib3.connectionpool",
        "httpx",
        "oauthlib.oauth1",
        "requests_oauthlib",
    ],
)
def test_requests_and_answers_are_not_logged_at_any_level(name: str) -> None:
    stream = io.StringIO()
    configure_logs(level="DEBUG", stream=stream)

    logging.getLogger(name).info("body: %s", SECRET_TEXT)

    assert stream.getvalue() == ""


def test_a_library_that_warns_with_whole_urls_is_silent(stream: io.StringIO) -> None:
    url = f"https://hooks.example/{SECRET_TEXT}"
    logging.getLogger("urllib3.connection").warning("Failed to parse headers (url=%s)", url)

    assert stream.getvalue() == ""


def test_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    structlog.stdlib.get_logger("rotator").debug("too much")

    assert stream.getvalue() == ""


def test_lines_go_to_standard_error(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)

    configure_logs()
    logging.getLogger("rotator").warning("seen")

    assert written(error)[0]["event"] == "seen"
    assert stream.getvalue() == ""
