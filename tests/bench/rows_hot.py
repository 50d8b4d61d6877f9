"""Rows about what is in the store already: small pages, metadata, large files, and a store of a million blobs."""

import hashlib
import os
import sqlite3
import time
from functools import partial

from load import PIP_ACCEPT, HotLoad, Line, Series, alternate, drain, fetch
from lab import BenchError
from trees import Tree, made_up_entries, random_chunks, wheel

GZIP = "Accept-Encoding: gzip"
MIB = 1 << 20
MADE_UP_BLOBS = 1_000_000


def same_bytes(urls, headers):
    """All of them must serve the same body, or the comparison means nothing."""
    bodies = {url: hashlib.sha256(fetch(url, headers)).hexdigest() for url in urls}
    if len(set(bodies.values())) != 1:
        raise BenchError(f"these do not serve the same bytes: {bodies}")


def compressed_body(url, headers):
    """The body once it comes compressed: a first answer may come plain while it is being compressed."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        body = fetch(url, headers)
        if body.startswith(b"\x1f\x8b"):
            return body
        time.sleep(0.05)
    raise BenchError(f"{url} does not come compressed")


def hot_lines(row, work, rates, loads, bounds):
    lines = []
    for name in rates:
        if name == "yizhan":
            continue
        note = f"CPU of the server for each request: {loads['yizhan'].cpu_text()}, peer {loads[name].cpu_text()}"
        lines.append(Line(row, work, rates["yizhan"], name, rates[name], bound=bounds.get(name), note=note))
    return lines


def hot_page(lab, rounds, seconds):
    """Hot project page of 1,000 files, gzip client, keep-alive."""
    tree = Tree(lab.new_folder("tree"))
    path = tree.add_project("thousand", made_up_entries("thousand", 1000), with_gzip=True)
    upstream = lab.upstream(tree.root)
    ours = lab.yizhan(upstream)
    headers = [f"Accept: {PIP_ACCEPT}", GZIP]
    body = compressed_body(ours.url(path), headers)
    copy = lab.new_folder("copy")
    (copy / "page.json.gz").write_bytes(body)
    (copy / "page.json").write_bytes(b"")
    plain = lab.static(copy)
    tuned = lab.static(copy, open_file_cache=True)
    cache = lab.cache(upstream)
    same_bytes([ours.url(path), plain.url("/page.json"), tuned.url("/page.json")], headers)
    loads = {
        "yizhan": HotLoad(ours, path, headers, seconds),
        "nginx gzip_static": HotLoad(plain, "/page.json", headers, seconds),
        "nginx gzip_static, open_file_cache": HotLoad(tuned, "/page.json", headers, seconds),
        "nginx proxy_cache": HotLoad(cache, path, headers, seconds),
    }
    rates = alternate(rounds, "requests/s", loads)
    work = f"hot project page of 1,000 files ({len(body) // 1024} KiB gzip)"
    return hot_lines("hot_page", work, rates, loads, {"nginx gzip_static": (">=", 1.2)})


def metadata_tree(lab):
    """One small wheel with 4 KiB of metadata. Returns the tree, and the paths of the page and the metadata."""
    tree = Tree(lab.new_folder("tree"))
    text = b"Metadata-Version: 2.1\nName: small\nVersion: 1.0\n\n"
    text += b"x" * (4096 - len(text) - 1) + b"\n"
    entry = tree.add_file("small-1.0-py3-none-any.whl", [wheel("small", "1.0", text)])
    tree.add_metadata(entry, text)
    page = tree.add_project("small", [entry], with_gzip=True)
    return tree, page, f"{entry['path']}.metadata"


def hot_metadata(lab, rounds, seconds):
    """Hot .metadata of 4 KiB."""
    tree, page, path = metadata_tree(lab)
    upstream = lab.upstream(tree.root)
    ours = lab.yizhan(upstream)
    plain = lab.static(tree.root)
    tuned = lab.static(tree.root, open_file_cache=True)
    cache = lab.cache(upstream)
    fetch(ours.url(page))
    servers = {"yizhan": ours, "nginx static": plain, "nginx static, open_file_cache": tuned,
               "nginx proxy_cache": cache}
    same_bytes([server.url(path) for server in servers.values()], [])
    loads = {name: HotLoad(server, path, [], seconds) for name, server in servers.items()}
    rates = alternate(rounds, "requests/s", loads)
    return hot_lines("hot_metadata", "hot .metadata of 4 KiB", rates, loads, {"nginx static": (">=", 1.2)})


def hot_file(lab, rounds, _seconds):
    """Hot file of 64 MiB, 8 clients."""
    size, clients, requests = 64 * MIB, 8, 4
    tree = Tree(lab.new_folder("tree"))
    entry = tree.add_file("large-1.0-py3-none-any.whl", random_chunks(size))
    page = tree.add_project("large", [entry])
    upstream = lab.upstream(tree.root)
    servers = {"yizhan": lab.yizhan(upstream), "nginx sendfile": lab.static(tree.root),
               "nginx proxy_cache": lab.cache(upstream)}
    fetch(servers["yizhan"].url(page))
    same_bytes([server.url(entry["path"]) for server in servers.values()], [])

    def speed(server):
        return clients * requests * size / drain(lab, server, entry["path"], clients, requests, size) / 1e6

    speeds = alternate(rounds, "MB/s", {name: partial(speed, server) for name, server in servers.items()})
    return [Line("hot_file", "hot file of 64 MiB, 8 clients", speeds["yizhan"], name, speeds[name],
                 bound=(">=", 1.0) if name == "nginx sendfile" else None)
            for name in speeds if name != "yizhan"]


# ---- a million blobs ----

def add_rows(folder, count):
    """Enters blobs that have no files into the index of a stopped store, as many small wheels would stand there."""
    db = sqlite3.connect(folder / "store" / "index.db")
    made_up = [(os.urandom(32), i) for i in range(count)]
    with db:
        db.executemany("INSERT INTO blob (digest, size, added_at, used_at) VALUES (?, 10000, 1700000000 + ?2, "
                       "1700000000 + ?2)", made_up)
        db.executemany("INSERT INTO entry (space, key, scope, digest, size, confirmed_at, attributes) VALUES "
                       "('file', '/packages/made/up/' || hex(?1) || '/made-up-' || ?2 || '.whl', 'made-up-' || (?2 / "
                       "10), ?1, 10000, 1700000000, '')", made_up)
        db.execute("UPDATE state SET blobs = blobs + ?1, bytes = bytes + 10000 * ?1, entries = entries + ?1", (count,))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def index_million(lab, rounds, seconds):
    """A store of 1,000,000 blobs: how long it takes to start, and whether it answers as fast as an empty one."""
    tree, page, path = metadata_tree(lab)
    upstream = lab.upstream(tree.root)
    full = lab.yizhan(upstream)
    fetch(full.url(page))
    fetch(full.url(path))
    lab.stop(full, remove=False)
    add_rows(full.folder, MADE_UP_BLOBS)
    starts = Series("s")
    for _ in range(rounds):
        server = lab.yizhan(upstream, full.folder)
        starts.samples.append(server.started_s)
        lab.stop(server, remove=False)
    full = lab.yizhan(upstream, full.folder)
    empty = lab.yizhan(upstream)
    for server in (full, empty):
        fetch(server.url(page))
        fetch(server.url(path))
    loads = {name: HotLoad(server, path, [], seconds) for name, server in (("full", full), ("empty", empty))}
    rates = alternate(rounds, "requests/s", loads)
    work = "index of 1,000,000 blobs"
    note = "rows without files, entered by SQL; clean stop before each start"
    return [Line("index_million", f"{work}: start", starts, relation="absolute", bound=("<=", 0.5), note=note),
            Line("index_million", f"{work}: hot .metadata", rates["full"], "an empty index", rates["empty"],
                 bound=(">=", 0.95))]
