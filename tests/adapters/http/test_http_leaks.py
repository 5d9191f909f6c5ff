"""Nothing secret of a request or an answer is in a text that anybody can see."""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING

import pytest

from rotator.clients.http_answers import check, json_of, object_of
from rotator.clients.http_messages import basic, bearer, form_body, json_body
from rotator.core.secret import Secret
from rotator.errors import RotatorError
from tests.adapters.aws.leaks import shown
from tests.adapters.http.caller import Caller, asking
from tests.adapters.http.servers import Server, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotator.clients.http_messages import HttpRequest
    from tests.adapters.http.servers import Visit

MARK = "planted-marker"


def broken(data: bytes) -> Callable[[Visit], None]:
    def serve(visit: Visit) -> None:
        visit.hear()
        visit.say(data)

    return serve


SERVERS = {
    "success": always(200, f'{{"{MARK}": 1}}'.encode(), X_Secret=MARK, Set_Cookie=f"a={MARK}"),
    "no json": always(200, MARK.encode()),
    "refusal": always(401, MARK.encode(), WWW_Authenticate=MARK),
    "trouble": always(503, MARK.encode(), Retry_After=MARK),
    "conflict": always(409, MARK.encode()),
    "redirect": always(302, MARK.encode(), Location=f"/{MARK}?{MARK}"),
    "large": always(200, MARK.encode() * 200_000),
    "packed": always(200, MARK.encode(), Content_Encoding="gzip"),
    "cut pack": always(200, gzip.compress(MARK.encode())[:-9], Content_Encoding="gzip"),
    "odd packing": always(200, MARK.encode(), Content_Encoding=MARK),
    "no http": broken(f"{MARK}\r\n\r\n".encode()),
    "bad header": broken(f"HTTP/1.1 200 OK\r\n{MARK} {MARK}\x00: {MARK}\r\n\r\n".encode()),
    "bad length": broken(f"HTTP/1.1 200 OK\r\nContent-Length: {MARK}\r\n\r\n".encode()),
    "cut body": broken(f"HTTP/1.1 200 {MARK}\r\nContent-Length: 99\r\n\r\n{MARK}".encode()),
    "bad chunk": broken(
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}\r\n".encode()
    ),
}


def requests(url: str) -> list[HttpRequest]:
    secret = Secret(MARK)
    return [
        asking(f"{url}/{MARK}?{MARK}={MARK}#{MARK}"),
        asking(url, query={"key": MARK, "other": secret}),
        asking(url, headers={"X-Key": MARK, "Authorization": bearer(secret)}),
        asking(url, headers={"X-Key": f"{MARK}\r\n"}),
        asking(url, headers={"Authorization": basic(MARK, secret)}, body=json_body(MARK)),
        asking(url, method="DELETE", body=json_body({"key": secret, MARK: MARK})),
        asking(url, method="POST", body=form_body({"key": secret, MARK: MARK})),
    ]


@pytest.mark.parametrize("case", SERVERS)
@pytest.mark.parametrize("is_change", [False, True])
def test_a_planted_secret_is_seen_nowhere(
    caller: Caller, caplog: pytest.LogCaptureFixture, case: str, *, is_change: bool
) -> None:
    for name in ("httpcore", "httpcore.http11", "httpx"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    errors: list[RotatorError] = []
    with Server(serve=SERVERS[case]) as server:
        client = caller.client(server.url, attempts=2)
        for request in requests(server.url):
            texts += [repr(request), str(request), f"{request}"]
            try:
                send = client.change if is_change else client.read
                answer = send(request, not_after=None)
                texts += [repr(answer), str(answer), f"{answer}"]
                check(answer)
                json_of(answer)
                object_of(answer)
            except RotatorError as error:
                errors.append(error)

    assert MARK not in "\n".join([*texts, *map(shown, errors)])
    assert {(error.__cause__, error.__context__) for error in errors} <= {(None, None)}
    assert MARK not in caplog.text
    assert MARK not in repr(caller.told)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{MARK}:{MARK}@127.0.0.1/",
        f"https://127.0.0.1:99999/{MARK}",
        f"https://127.0.0.1/{MARK}\n",
        f"https://[{MARK}/",
        f"{MARK}://127.0.0.1/",
        f"https://127.0.0.2/{MARK}?{MARK}",
        f"http://127.0.0.1/{MARK}",
    ],
)
def test_a_url_that_is_refused_is_not_shown(caller: Caller, url: str) -> None:
    client = caller.client("https://127.0.0.1", allow_private=False)

    with pytest.raises(RotatorError) as asked:
        client.read(asking(url))
    assert MARK not in shown(asked.value)
    assert asked.value.__context__ is None


@pytest.mark.parametrize(
    "url", [f"https://{MARK}@127.0.0.1/", f"http://127.0.0.1/{MARK}", f"ftp://x/{MARK}"]
)
def test_an_address_that_cannot_be_allowed_is_not_shown(caller: Caller, url: str) -> None:
    client = caller.client(allow_private=False)

    with pytest.raises(RotatorError) as caught:
        client.allow(url)
    assert MARK not in shown(caught.value)
