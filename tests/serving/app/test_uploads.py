"""What is taken in, and how early the rest is refused."""

import asyncio
import http.client
import json
from dataclasses import replace

import pytest
from starlette.requests import Request

from earmark.audio.limits import UPLOAD
from earmark.serving.app.uploads import Refused, Uploads

SMALL = replace(UPLOAD, file_bytes=1000)


def request(*chunks, headers=(), pause=0.0):
    """A request whose body comes in ``chunks``, each after a pause (s)."""
    left = list(chunks)

    async def receive():
        await asyncio.sleep(pause)
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)


def taken(uploads, *args, **kwargs):
    async def take():
        async with uploads.received(request(*args, **kwargs)) as audio:
            return audio, uploads._held

    return asyncio.run(take())


def test_a_body_in_pieces_is_counted_while_it_is_held():
    uploads = Uploads(SMALL)
    assert taken(uploads, b"ab", b"", b"c") == (b"abc", 3)
    assert uploads._held == 0


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"5")]])
def test_a_body_that_grows_too_large_is_refused_on_the_way(headers):
    uploads = Uploads(SMALL)
    with pytest.raises(Refused) as refused:
        taken(uploads, b"x" * 600, b"x" * 600, headers=headers)
    assert (refused.value.status, refused.value.reason, uploads._held) == (413, "too_large", 0)


def test_no_room_a_slow_upload_and_one_that_breaks_off():
    for uploads, chunks, pause, status in (
        (Uploads(SMALL, room=5), [b"123456"], 0, 503),
        (Uploads(SMALL, seconds=0.05), [b"1", b"2"], 0.2, 408),
        (Uploads(SMALL), [], 0, 400),
    ):
        with pytest.raises(Refused) as refused:
            taken(uploads, *chunks, pause=pause)
        assert (refused.value.status, uploads._held) == (status, 0)


@pytest.mark.xdist_group("app")
def test_a_large_upload_is_refused_before_it_is_sent(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/api/predict")
    connection.putheader("Content-Length", str(UPLOAD.file_bytes + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and "at most 64 MiB" in json.loads(answer.read())["error"]
    connection.close()


@pytest.mark.xdist_group("app")
def test_a_form_is_told_how_to_do_it(server):
    status, answer = server.predict(b"--x--", **{"Content-Type": "multipart/form-data; boundary=x"})
    assert status == 415 and "--data-binary" in answer["error"]
