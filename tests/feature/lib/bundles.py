"""Bundles, read by Python; and stores before and after."""

import hashlib
import json
import tarfile

from lib.admin import admin


def read_bundle(path):
    """What a bundle that is not compressed says and has, all checked: its first line, {digest: size} and entries."""
    with tarfile.open(path, "r:") as tar:
        manifest, *members = tar.getmembers()
        text = tar.extractfile(manifest).read()
        assert manifest.name == f"manifest-{hashlib.sha256(text).hexdigest()}.jsonl"
        head, *lines = map(json.loads, text.splitlines())
        assert head["yizhan-bundle"] == 1
        blobs, entries = lines[: head["blobs"]], lines[head["blobs"] :]
        assert len({(entry["space"], entry["key"]) for entry in entries}) == len(entries) == head["entries"]
        assert sum(blob["size"] for blob in blobs) == head["bytes"]
        assert [member.name for member in members] == [blob_name(blob["sha256"]) for blob in blobs]
        for member, blob in zip(members, blobs):
            assert member.isreg() and member.size == blob["size"]
            assert hashlib.sha256(tar.extractfile(member).read()).hexdigest() == blob["sha256"]
    return head, {blob["sha256"]: blob["size"] for blob in blobs}, entries


def blob_name(sha256):
    return f"blobs/sha256/{sha256[:2]}/{sha256[2:]}"


def names_in(bundle):
    return {(entry["space"], entry["key"]) for entry in read_bundle(bundle)[2]}


def export(yizhan, path, *arguments):
    result = admin(yizhan, "export", "-o", path, *arguments)
    assert result.status == 0, result.stderr
    return path


def load(yizhan, *arguments):
    """Imports, and returns what the command says."""
    result = admin(yizhan, "import", *arguments, "--json")
    assert result.status == 0, result.stderr
    return result.summary


def names_held(yizhan):
    return {tuple(row) for row in yizhan.index_rows("SELECT space, key FROM entry")}


def snapshot(yizhan):
    """Everything that an import could change, but for when it was used: what an import finds there already is."""
    entries = "SELECT space, key, scope, hex(digest), size, confirmed_at, attributes FROM entry ORDER BY 1, 2"
    return (
        {path: path.read_bytes() for path in yizhan.blob_files()},
        yizhan.blob_rows(),
        yizhan.index_rows(entries),
        [{**found, "used_at": None} for found in admin(yizhan, "ls", "--json").objects],
        json.loads(admin(yizhan, "stats", "--json").stdout)["store"],
    )


def refused(yizhan, *arguments):
    """An import that must fail with one line. Returns it."""
    result = admin(yizhan, "import", *arguments)
    assert result.status == 1, result.stdout
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].isprintable()
    return lines[0]
