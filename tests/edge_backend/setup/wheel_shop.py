"""A package index on this machine that serves small wheels, and breaks as tests want it to."""

import base64
import hashlib
import re
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from edge_backend.setup.locked import this_system
from edge_backend.setup.program import PYTHON


def make_wheel(folder: Path, name: str, size: int = 1000, version: str = "1.0") -> Path:
    """A wheel that pip installs: one module, with `size` bytes that cannot be compressed beside it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n".encode(),
        f"{name}_data.bin": np.random.default_rng(len(name)).bytes(size),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{file},sha256={_digest(content)},{len(content)}" for file, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return path


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Shop(ThreadingHTTPServer):
    """Serves the wheels of `folder` under /files/ and their index under /simple/NAME/.

    lasts: bytes after which a connection breaks, one number for each connection, the last for all others.
    pause_s: before every block. checksums: whether pages tell them. query: what its pages put behind addresses.
    sent: bytes of files in all.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.lasts = [1 << 40]
        self.block, self.pause_s, self.checksums = 1 << 16, 0.0, True
        self.sent, self.asked, self.query = 0, list[str](), ""
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def lock(self, target: Path, build: str = "cpu") -> Path:
        """A lock file of all wheels, as the ones that ship."""
        rows = []
        for path in sorted(self.folder.glob("*.whl")):
            name, version = path.name.split("-")[:2]
            address = f"{self.url}/files/{path.name}"
            rows.append(f"{name}=={version} --hash=sha256:{sha256(path)} # {path.stat().st_size} {address}\n")
        lock = target / f"cp{PYTHON[0]}{PYTHON[1]}-{this_system()}-{build}.txt"
        lock.write_text("".join(rows))
        return lock


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/to-the-open":
            self.send_response(302)
            self.send_header("Location", "http://example.invalid/file")
            self.end_headers()
        elif self.path.startswith("/simple/"):
            self._page(self.path.split("/")[2].replace("-", "_"))
        else:
            self._file(self.server.folder / self.path.partition("?")[0].rsplit("/", 1)[1].replace("%2B", "+"))

    def _page(self, name: str) -> None:
        links = []
        for path in sorted(self.server.folder.glob(f"{name}-*.whl")):
            fragment = f"#sha256={sha256(path)}" if self.server.checksums else ""
            address = f"../../files/{path.name.replace('+', '%2B')}{self.server.query}{fragment}"
            links.append(f'<a href="{address}">{path.name}</a>')
        content = f"<html><body>{''.join(links)}</body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, path: Path) -> None:
        server = self.server
        if not path.is_file():
            self.send_error(404)
            return
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        content = path.read_bytes()[int(found[1]) if found else 0 :]
        if found and not content:
            self.send_error(416)
            return
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        lasts = server.lasts.pop(0) if len(server.lasts) > 1 else server.lasts[0]
        content = content[:lasts]
        for start in range(0, len(content), server.block):
            time.sleep(server.pause_s)
            self.wfile.write(content[start : start + server.block])
            server.sent += len(content[start : start + server.block])

    def log_message(self, *_arguments: object) -> None:
        pass
