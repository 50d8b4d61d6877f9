"""Upstream trees: pages, wheels and files under the official layout, as a static mirror keeps them."""

import gzip
import hashlib
import io
import json
import os
import zipfile
from html import escape

CHUNK = 1 << 20


class Tree:
    """A folder that a static web server can serve as a mirror."""

    def __init__(self, root):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def add_file(self, name, chunks):
        """Writes a file where its BLAKE2b-256 puts it; returns its entry for a page."""
        blake = hashlib.blake2b(digest_size=32)
        sha = hashlib.sha256()
        size = 0
        temporary = self.root / "file.tmp"
        with temporary.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
                blake.update(chunk)
                sha.update(chunk)
                size += len(chunk)
        path = package_path(blake.hexdigest(), name)
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True)
        temporary.rename(target)
        return {"path": path, "filename": name, "sha256": sha.hexdigest(), "size": size}

    def add_metadata(self, entry, content):
        """Puts `content` beside the file as its core metadata."""
        (self.root / f"{entry['path'].lstrip('/')}.metadata").write_bytes(content)
        entry["metadata"] = hashlib.sha256(content).hexdigest()

    def add_project(self, project, entries, with_json=True, with_gzip=False):
        folder = self.root / "simple" / project
        folder.mkdir(parents=True)
        pages = {"index.html": html_page(project, entries)}
        if with_json:
            pages["index.v1_json"] = json_page(project, entries)
        for name, page in pages.items():
            (folder / name).write_bytes(page)
            if with_gzip:
                (folder / f"{name}.gz").write_bytes(gzip.compress(page, 9))
        return f"/simple/{project}/"


def package_path(blake, name):
    return f"/packages/{blake[:2]}/{blake[2:4]}/{blake[4:]}/{name}"


def made_up_entries(project, count):
    """Entries of files that nobody will fetch, with everything a real page tells."""
    entries = []
    for i in range(count):
        name = f"{project}-{i // 100}.{i % 100}.0-cp3{i % 5 + 8}-cp3{i % 5 + 8}-manylinux_2_17_x86_64.whl"
        seed = name.encode()
        entries.append({
            "path": package_path(hashlib.blake2b(seed, digest_size=32).hexdigest(), name),
            "filename": name,
            "sha256": hashlib.sha256(seed).hexdigest(),
            "size": 100000 + i,
            "metadata": hashlib.sha256(seed + b"metadata").hexdigest(),
            "requires_python": ">=3.8",
            "upload_time": f"20{10 + i % 15}-{i % 12 + 1:02d}-{i % 28 + 1:02d}T10:11:12.{i % 1000000:06d}Z",
        })
    return entries


def random_chunks(size):
    """No two blocks alike and cheap to make."""
    block = os.urandom(CHUNK)
    for i in range(size // CHUNK):
        yield i.to_bytes(8, "big") + block[8:]
    if size % CHUNK:
        yield block[:size % CHUNK]


def wheel(project, version, metadata):
    """A small wheel, as bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{project}/__init__.py", "")
        archive.writestr(f"{project}-{version}.dist-info/METADATA", metadata)
        archive.writestr(f"{project}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    return out.getvalue()


def html_page(project, entries):
    lines = ["<!DOCTYPE html>", "<html>", "  <head>", '    <meta name="pypi:repository-version" content="1.1">',
             f"    <title>Links for {project}</title>", "  </head>", "  <body>", f"    <h1>Links for {project}</h1>"]
    for entry in entries:
        more = ""
        if "requires_python" in entry:
            more += f' data-requires-python="{escape(entry["requires_python"])}"'
        if "metadata" in entry:
            more += (f' data-dist-info-metadata="sha256={entry["metadata"]}"'
                     f' data-core-metadata="sha256={entry["metadata"]}"')
        lines.append(f'<a href="../..{entry["path"]}#sha256={entry["sha256"]}"{more}>{entry["filename"]}</a><br />')
    return "\n".join(lines + ["</body>", "</html>", ""]).encode()


def json_page(project, entries):
    files = []
    for entry in entries:
        metadata = {"sha256": entry["metadata"]} if "metadata" in entry else False
        file = {"filename": entry["filename"], "url": f"../..{entry['path']}",
                "hashes": {"sha256": entry["sha256"]}, "size": entry["size"], "yanked": False,
                "core-metadata": metadata, "data-dist-info-metadata": metadata}
        if "requires_python" in entry:
            file["requires-python"] = entry["requires_python"]
        if "upload_time" in entry:
            file["upload-time"] = entry["upload_time"]
        files.append(file)
    versions = sorted({entry["filename"].split("-")[1] for entry in entries})
    return json.dumps({"meta": {"api-version": "1.1", "_last-serial": 1}, "name": project, "files": files,
                       "versions": versions}).encode()
