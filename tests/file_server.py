"""A file server on this machine that fails as tests request."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """files: by name. lasts: bytes after which each connection breaks. ranges: whether it can begin in the middle.

    status: what it answers instead; first: what it answers to the first ones. retry_after: what it then asks for.
    length: whether it tells how long a file is. pause_s: after each `block` bytes. asked: names and first bytes.
    """

    daemon_threads = True
    lasts = 1 << 40
    ranges = True
    status = 0
    retry_after = ""
    length = True
    block, pause_s = 1 << 16, 0.0

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.first: list[int] = []
        self.asked: list[tuple[str, int]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server, name = self.server, self.path.lstrip("/")
        status = server.first.pop(0) if server.first else server.status
        if status or name not in server.files:
            self._refuse(status or 404)
            return
        content = server.files[name]
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(found[1]) if found and server.ranges else 0
        server.asked.append((name, first))
        if first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        if server.length:
            self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        end = min(len(content), first + server.lasts)
        with contextlib.suppress(ConnectionError):  # who fetches has gone
            for start in range(first, end, server.block):
                self.wfile.write(content[start : min(end, start + server.block)])
                time.sleep(server.pause_s)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[FileServer]:
    """It, for as long as it is wanted."""
    server = FileServer(files)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
