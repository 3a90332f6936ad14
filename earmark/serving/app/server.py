"""The process that serves the page: models are checked and workers warm before the first request is taken."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import uvicorn

from earmark.audio.limits import UPLOAD
from earmark.errors import EarmarkError
from earmark.serving.app.guard import LOOPBACK
from earmark.serving.app.model import Served
from earmark.serving.app.presets import presets
from earmark.serving.app.site import Site
from earmark.serving.app.work import job
from earmark.serving.options import Options
from earmark.serving.workers import Workers, cores

MOST_CONNECTIONS = 256
"""At a time; more are answered 503."""


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to an address, port 0 for any; raises EarmarkError if that is not possible."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise EarmarkError(f"{host}:{port} cannot be listened at ({error.strerror}); choose --host or --port") from None


def site(models: Sequence[Served], options: Options, workers: int | None = None) -> Site:
    """The site of ``models``, its workers (None: one per core) warm; raises EarmarkError if a model is of no use."""
    pool = Workers(job([model.folder for model in models], options, UPLOAD), workers or cores())
    nothing = ({"model": 0, "unknown": None, "picture": False}, b"")
    list(pool.each([nothing] * pool.count))  # nobody can answer an empty file, but by then the models are loaded
    return Site(models, presets(models[0].folder) if models[0].open else [], pool, options.unknown)


def serve(site: Site, sock: socket.socket, hosts: Sequence[str] = ()) -> None:
    """Answer at ``sock`` until interrupted, under its own address and the names ``hosts``."""
    address = str(sock.getsockname()[0])
    own = () if ipaddress.ip_address(address).is_loopback else (socket.gethostname(),)
    config = uvicorn.Config(
        site.application([*LOOPBACK, *own, *hosts], addresses=bool(own)),
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=3,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again when it is done
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[sock])
