"""A mirror of hub repositories on this machine: what `HF_ENDPOINT` may point at.

Data sets and models lie as on the hub: Parquet files a configuration and split, a README that
declares them, commits that branches point at. Served are the addresses that `load_dataset`,
`snapshot_download` and `HfApi` ask for, parts of files included. It cannot show what is the hub's
alone: redirects to its storage, limits of requests, terms to accept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import datasets
import pyarrow.parquet as pq
import yaml

Splits = Mapping[str, datasets.Dataset]


def commit(path: str, branch: str) -> str:
    """The commit that a branch of a mirrored repository points at."""
    return hashlib.sha1(f"{path}@{branch}".encode()).hexdigest()


def write_repository(
    root: Path, path: str, configs: Mapping[str, Splits], branch: str = "main", legacy: bool = False
) -> None:
    """Write a data set as it lies on a branch; on the conversion branch there is no README.

    Where it is `legacy`, the README alone declares the columns, in the words of older libraries.
    """
    folder = root / path / commit(path, branch)
    known = []
    for config, splits in configs.items():
        for split, rows in splits.items():
            file = folder / config / split / "0000.parquet"
            file.parent.mkdir(parents=True)
            table = rows.with_format("arrow")[:]
            pq.write_table(table.replace_schema_metadata(None) if legacy else table, file)
        features = next(iter(splits.values())).features
        columns = [{"name": name, **legacy_type(each)} for name, each in features.items()]
        known.append({"config_name": config, "features": columns})
    if branch == "main":
        write_readme(folder, configs, known={"dataset_info": known} if legacy else {})


def write_readme(
    folder: Path,
    configs: Mapping[str, Iterable[str]],
    files: str = "{split}/*.parquet",
    known: Mapping[str, Any] | None = None,
) -> None:
    """The README that says which files a split of a configuration has."""
    declared = [
        {
            "config_name": config,
            "data_files": [
                {"split": split, "path": f"{config}/{files.format(split=split)}"}
                for split in splits
            ],
        }
        for config, splits in configs.items()
    ]
    readme = f"---\n{yaml.safe_dump({'configs': declared, **(known or {})})}---\n"
    (folder / "README.md").write_text(readme, encoding="utf-8")


def legacy_type(feature: Any) -> dict[str, Any]:
    """The type of a column as READMEs of 2023 say it."""
    if isinstance(feature, datasets.ClassLabel):
        return {"dtype": {"class_label": {"names": dict(enumerate(feature.names))}}}
    if isinstance(feature, datasets.List):
        return {"sequence": legacy_type(feature.feature)["dtype"]}
    if isinstance(feature, dict):  # of lists: a list of records, in those words
        inner = [{"name": name, **legacy_type(each.feature)} for name, each in feature.items()]
        return {"sequence": inner}
    return {"dtype": feature.dtype}


@contextmanager
def serve(root: Path, asked: list[str] | None = None) -> Iterator[str]:
    """Serve what lies below `root`; yields the address. What is asked for is added to `asked`."""
    noted = [] if asked is None else asked

    class Handler(_Handler):
        repositories = root
        asked = noted

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
    asked: ClassVar[list[str]]

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        place = urlsplit(self.path).path
        self.asked.append(f"{self.command} {place}")
        repository = r"(?P<path>[^/]+/[^/]+)"
        for pattern, answer in (
            (rf"/datasets/{repository}/resolve/(?P<rev>[^/]+)/(?P<file>.+)", self._file),
            (rf"/api/datasets/{repository}/tree/(?P<rev>[^/]+)/?(?P<file>.*)", self._tree),
            (rf"/api/(datasets|models)/{repository}/revision/(?P<rev>[^/]+)", self._info),
            (r"/(?P<path>raw)/(?P<file>.+)", self._raw),
            (rf"/{repository}/resolve/(?P<rev>[^/]+)/(?P<file>.+)", self._model_file),
            (rf"/api/models/{repository}/tree/(?P<rev>[^/]+)/?(?P<file>.*)", self._model_tree),
        ):
            if match := re.fullmatch(pattern, place):
                found = match.groupdict()
                revision = unquote(found.get("rev") or "")
                answer(found["path"], revision, unquote(found.get("file") or ""))
                return
        self._send(404, b"")

    do_HEAD = do_GET

    def _model_file(self, path: str, revision: str, name: str) -> None:
        self._file(f"models/{path}", self._commit(path, revision), name)

    def _model_tree(self, path: str, revision: str, name: str) -> None:
        self._tree(f"models/{path}", self._commit(path, revision), name)

    def _raw(self, path: str, revision: str, name: str) -> None:
        file = self.repositories / path / name
        self._send(*((200, file.read_bytes()) if file.is_file() else (404, b"")))

    def _file(self, path: str, revision: str, name: str) -> None:
        file = self._folder(path, revision) / name
        headers = {"X-Repo-Commit": self._commit(path, revision), "Accept-Ranges": "bytes"}
        if not file.is_file():
            self._send(404, b"", {**headers, "X-Error-Code": "EntryNotFound"})
            return
        size = file.stat().st_size
        headers["ETag"] = f'"{hashlib.sha1(f"{file} {size}".encode()).hexdigest()}"'
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(match[1]), min(int(match[2] or size), size - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            with file.open("rb") as opened:
                opened.seek(first)
                self._send(206, opened.read(last + 1 - first), headers)
            return
        self._send(200, file.read_bytes(), headers)

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
        folder = self._folder(f"models/{path}", self._commit(path, revision))
        if not folder.is_dir() and not self._folder(path, revision).is_dir():
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        files = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
        siblings = [{"rfilename": name} for name in files]
        content = {"id": path, "sha": self._commit(path, revision), "siblings": siblings}
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
