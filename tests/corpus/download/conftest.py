"""A real web server on this machine whose faults can be switched on."""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from earmark.corpus.download.transfer import Manners


@dataclass
class Served:
    """A file of the site and what goes wrong with it."""

    data: bytes
    etag: str | None = '"v1"'
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    if_range: bool = True
    drops: list[int] = field(default_factory=list)  # bytes after which the next answers break off
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # before the file is served
    portion: int | None = None  # most bytes of an answer to a range
    longer: int = 0  # bytes that the announced length is too large by
    chunked: bool = False
    slow: float = 0  # seconds per 16 KiB
    becomes: "Served | None" = None  # what is served after the first answer

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Site:
    """The files by path and the requests that came."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.requests: list[tuple[str, dict[str, str], float]] = []
        self.open = self.most_open = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def add(self, path: str, data: bytes, **faults) -> Served:
        self.files[path] = Served(data, **faults)
        return self.files[path]

    def change(self, path: str, data: bytes, **faults) -> None:
        """After the next answer, serve this instead."""
        self.files[path].becomes = Served(data, **faults)

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers, _ in self.requests]

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.site.requests.append((self.path, dict(self.headers), time.monotonic()))
        served = self.site.files.get(self.path, Served(b"", answers=[(404, {})]))
        self.site.open += 1
        self.site.most_open = max(self.site.most_open, self.site.open)
        try:
            self.refuse(*served.answers.pop(0)) if served.answers else self.serve(served)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.site.open -= 1
            if served.becomes:
                self.site.files[self.path] = served.becomes

    def refuse(self, status, headers):
        self.head(status, {"Content-Length": "0"} | headers)

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def serve(self, served):
        start, total = self.start(served), len(served.data) + served.longer
        end = min(total, start + served.portion) if start and served.portion else total
        if start >= total > 0:
            return self.refuse(416, {"Content-Range": f"bytes */{total}"})
        headers = {"Content-Length": str(end - start)} | ({"ETag": served.etag} if served.etag else {})
        if start:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{total}"
        if served.chunked:
            headers = {"Transfer-Encoding": "chunked"} | {"ETag": served.etag}
        self.head(206 if start else 200, headers | served.headers)
        self.body(served, served.data[start:end])

    def start(self, served):
        asked = self.headers.get("Range")
        same = not served.if_range or self.headers.get("If-Range") in (None, served.etag)
        return int(asked.removeprefix("bytes=").rstrip("-")) if asked and served.ranges and same else 0

    def body(self, served, data):
        if served.drops:
            data = data[: served.drops.pop(0)]
            self.close_connection = True
        self.close_connection |= bool(served.longer)
        for at in range(0, len(data), 1 << 14):
            piece = data[at : at + (1 << 14)]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if served.chunked else piece)
            time.sleep(served.slow)
        if served.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that was killed is no news."""


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    found = Site()
    server = Server(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": found}))
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def manners():
    return Manners(pause=0, retries=3, backoff=0.01, timeout=(2, 5))


@pytest.fixture(scope="session")
def noise():
    """Bytes that do not repeat, so that wrongly joined parts differ."""

    def make(size: int, seed: str = "") -> bytes:
        return hashlib.shake_256(seed.encode()).digest(size)

    return make
