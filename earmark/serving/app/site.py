"""The site: the page and its files, what is known of the models, and the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from earmark.audio.decode import DecodeError
from earmark.audio.limits import UPLOAD
from earmark.errors import EarmarkError
from earmark.serving.app.guard import Guard
from earmark.serving.app.model import Served
from earmark.serving.app.presets import Preset
from earmark.serving.app.uploads import Refused, Uploads
from earmark.serving.workers import Workers

PAGE = Path(__file__).parent / "page"

STATUS = {"too_large": 413, "unreadable": 415, "needs_ffmpeg": 415}
"""Of an upload that gets no answer, by the reason; 422 (understood, but of no use) for all others."""

REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""The report holds its own styles and pictures, and runs nothing."""

Item = TypeVar("Item")


class Site:
    """What is served: models, clips to try, and the workers, which know the models by their numbers."""

    def __init__(
        self, models: Sequence[Served], presets: Sequence[Preset], workers: Workers, unknown: float = 0.0
    ) -> None:
        """``unknown`` is the confidence below which there is no label unless the page says another."""
        self.models, self.presets, self.workers, self.unknown = models, presets, workers, unknown
        self._uploads = Uploads(UPLOAD)
        self._turns = asyncio.Semaphore(workers.count)  # those who wait for a worker hold no thread

    def application(self, hosts: Sequence[str], addresses: bool) -> Starlette:
        """The ASGI application, which answers as one of ``hosts`` (see ``Guard``) and ends the workers with itself."""
        pages = [Route("/", self.page)] + [Route("/compare", self.page)] * (len(self.models) > 1)
        api = [
            Route("/api/about", self.about),
            Route("/api/presets/{number}", self.preset),
            Route("/api/predict", self.predict, methods=["POST"]),
            Route("/report/{number}", self.report),
        ]
        files = Mount("/static", StaticFiles(directory=PAGE))
        guard = Middleware(Guard, hosts=hosts, addresses=addresses)
        return Starlette(
            routes=[*pages, *api, files], middleware=[guard], lifespan=self._life,
            exception_handlers={EarmarkError: _failed, OSError: _gone},
        )  # fmt: skip

    async def page(self, request: Request) -> Response:
        """The one page; its script tells the comparison from the address."""
        return FileResponse(PAGE / "index.html")

    async def about(self, request: Request) -> Response:
        """Models, clips to try and limits."""
        limits = {"file_bytes": UPLOAD.file_bytes, "seconds": UPLOAD.seconds}
        models = [await run_in_threadpool(model.about) for model in self.models]
        clips = [preset.label for preset in self.presets]
        return JSONResponse({"models": models, "presets": clips, "limits": limits, "unknown": self.unknown})

    async def preset(self, request: Request) -> Response:
        """The recording of a clip to try."""
        preset = _numbered(self.presets, request)
        if preset is None:
            return _refused(404, "unknown", f"there are {len(self.presets)} clips to try, numbered from 0")
        return Response(await run_in_threadpool(preset.audio), media_type="application/octet-stream")

    async def report(self, request: Request) -> Response:
        """The report of a model's study."""
        model = _numbered(self.models, request)
        report = None if model is None else model.report
        if report is None:
            return _refused(404, "unknown", "no report of this model is shown")
        return FileResponse(report, headers={"Content-Security-Policy": REPORT_POLICY})

    async def predict(self, request: Request) -> Response:
        """The answer to the recording in the body, as ``earmark predict --json`` gives it."""
        try:
            question = self._question(request)
            async with self._uploads.received(request) as audio, self._turns:
                values, _ = await run_in_threadpool(self.workers.ask, question, audio)
        except Refused as error:
            return _refused(error.status, error.reason, error.sentence)
        except DecodeError as error:
            return _refused(STATUS.get(error.reason, 422), error.reason, error.detail)
        return JSONResponse(values)

    def _question(self, request: Request) -> dict[str, Any]:
        """What is asked; raises Refused for what makes no sense."""
        asked = request.query_params
        try:
            number, unknown = int(asked.get("model", "1")), asked.get("unknown")
            threshold = None if unknown is None else float(unknown)
        except ValueError:
            raise Refused(400, "parameter", "model is a number from 1, unknown one from 0 to 1") from None
        if not 1 <= number <= len(self.models) or not (threshold is None or 0 <= threshold <= 1):
            raise Refused(400, "parameter", f"model is 1 to {len(self.models)}, unknown is 0 to 1")
        return {"model": number - 1, "unknown": threshold, "picture": asked.get("picture") == "1"}

    @asynccontextmanager
    async def _life(self, application: Starlette) -> AsyncIterator[None]:
        yield
        self.workers.close()


def _numbered(items: Sequence[Item], request: Request) -> Item | None:
    """The item whose number, from 0, ends the address; None if it is no number, or that of none."""
    numbers = {str(number): item for number, item in enumerate(items)}
    return numbers.get(request.path_params["number"])


async def _failed(request: Request, error: Exception) -> Response:
    """A worker that cannot start, a model that is not whole, a clip that cannot be read."""
    return _refused(503, "unavailable", str(error))


async def _gone(request: Request, error: Exception) -> Response:
    return _refused(404, "gone", "what was asked for is not there any more")


def _refused(status: int, reason: str, sentence: str) -> Response:
    headers = {"Retry-After": "5"} if status == 503 else {}
    return JSONResponse({"error": sentence, "reason": reason}, status, headers)
