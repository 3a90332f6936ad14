"""Taking in what is uploaded: refused as soon as its size is known, and never more of it in memory than has room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from earmark.audio.limits import Limits

ROOM = 512 << 20
"""Bytes that all uploads may take in memory at a time."""

SECONDS = 120.0
"""That one upload may take."""


class Refused(Exception):
    """An upload that is not taken: HTTP status, reason (a code) and a sentence."""

    def __init__(self, status: int, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.reason, self.sentence = status, reason, sentence


class Uploads:
    """The uploads of a server; ``room`` in bytes."""

    def __init__(self, limits: Limits, room: int = ROOM, seconds: float = SECONDS) -> None:
        self._limits, self._room, self._seconds, self._held = limits, room, seconds, 0

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request, whose memory counts until it is done with; raises Refused."""
        self._refuse(request)
        audio, size = bytearray(), 0
        try:
            await self._fill(audio, request)
            size, body = len(audio), bytes(audio)
            audio.clear()  # else it would be in memory twice
            yield body
        finally:
            self._held -= size + len(audio)

    def _refuse(self, request: Request) -> None:
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise Refused(415, "multipart", "send the file itself as the body: curl --data-binary @FILE")
        length = request.headers.get("content-length", "0")
        self._measure(int(length) if length.isdecimal() else 0)

    def _measure(self, size: int) -> None:
        if refusal := self._limits.too_large(size):
            raise Refused(413, *refusal)

    async def _fill(self, audio: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.stream():
                    self._measure(len(audio) + len(chunk))
                    if self._held + len(chunk) > self._room:
                        raise Refused(503, "busy", "too many uploads at the moment; try again in a few seconds")
                    audio += chunk
                    self._held += len(chunk)
        except TimeoutError:
            raise Refused(408, "too_slow", f"the upload took longer than {self._seconds:g} s") from None
        except ClientDisconnect:
            raise Refused(400, "broken_off", "the upload broke off") from None
