"""A mirror of a few hub repositories on this machine: what `HF_ENDPOINT` may point at.

Data sets lie as on the hub: Parquet files a configuration and split, a README that declares them,
commits that branches point at. Served are the addresses that `load_dataset` and `HfApi` ask for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import datasets
import yaml

Splits = Mapping[str, datasets.Dataset]


def commit(path: str, branch: str) -> str:
    """The commit that a branch of a mirrored repository points at."""
    return hashlib.sha1(f"{path}@{branch}".encode()).hexdigest()


def write_repository(
    root: Path, path: str, configs: Mapping[str, Splits], branch: str = "main"
) -> None:
    """Write a data set as it lies on a branch; on the conversion branch there is no README."""
    folder = root / path / commit(path, branch)
    declared = []
    for config, splits in configs.items():
        for split, rows in splits.items():
            file = folder / config / split / "0000.parquet"
            file.parent.mkdir(parents=True)
            rows.to_parquet(file)
        files = [{"split": split, "path": f"{config}/{split}/*.parquet"} for split in splits]
        declared.append({"config_name": config, "data_files": files})
    if branch == "main":
        readme = f"---\n{yaml.safe_dump({'configs': declared})}---\n"
        (folder / "README.md").write_text(readme, encoding="utf-8")


@contextmanager
def serve(root: Path) -> Iterator[str]:
    """Serve the repositories below `root`; yields the address."""

    class Handler(_Handler):
        repositories = root

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    repositories: Path

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        place = urlsplit(self.path).path
        repository = r"(?P<path>[^/]+/[^/]+)"
        for pattern, answer in (
            (rf"/datasets/{repository}/resolve/(?P<rev>[^/]+)/(?P<file>.+)", self._file),
            (rf"/api/datasets/{repository}/tree/(?P<rev>[^/]+)/?(?P<file>.*)", self._tree),
            (rf"/api/(datasets|models)/{repository}/revision/(?P<rev>[^/]+)", self._info),
        ):
            if match := re.fullmatch(pattern, place):
                found = match.groupdict()
                answer(found["path"], unquote(found["rev"]), unquote(found.get("file") or ""))
                return
        self._send(404, b"")

    do_HEAD = do_GET

    def _file(self, path: str, revision: str, name: str) -> None:
        file = self._folder(path, revision) / name
        headers = {"X-Repo-Commit": self._commit(path, revision)}
        if not file.is_file():
            self._send(404, b"", {**headers, "X-Error-Code": "EntryNotFound"})
            return
        content = file.read_bytes()
        self._send(200, content, {**headers, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'})

    def _tree(self, path: str, revision: str, name: str) -> None:
        folder = self._folder(path, revision)
        deep = "recursive=true" in self.path.lower()
        if not (folder / name).is_dir():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        found = sorted((folder / name).rglob("*") if deep else (folder / name).iterdir())
        entries = [
            {
                "type": "directory" if each.is_dir() else "file",
                "oid": hashlib.sha1(str(each).encode()).hexdigest(),
                "size": 0 if each.is_dir() else each.stat().st_size,
                "path": str(each.relative_to(folder)),
            }
            for each in found
        ]
        self._send(200, json.dumps(entries).encode(), {"Content-Type": "application/json"})

    def _info(self, path: str, revision: str, name: str) -> None:
        content = {"id": path, "sha": self._commit(path, revision)}
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _commit(self, path: str, revision: str) -> str:
        return revision if re.fullmatch(r"[0-9a-f]{40}", revision) else commit(path, revision)

    def _folder(self, path: str, revision: str) -> Path:
        return self.repositories / path / self._commit(path, revision)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)
