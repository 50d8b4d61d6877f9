"""Rows about looking after a store while it serves."""

import hashlib
import os
import re
import signal
import sqlite3
import time

from load import HotLoad, Line, Series, fetch
from lab import BenchError
from rows_hot import metadata_tree

EVICTED_BLOBS = 100_000
LEFT_BLOBS = 1000  # max_size cannot be less than 1M
BLOB_BYTES = 4096


def add_blobs(folder, count):
    """Enters real blobs of a page each, used long ago, into a stopped store. Returns the bytes that it holds."""
    db = sqlite3.connect(folder / "store" / "index.db")
    rows = []
    for _ in range(count):
        body = os.urandom(BLOB_BYTES)
        digest = hashlib.sha256(body).digest()
        name = digest.hex()
        (folder / "store" / "blobs" / "sha256" / name[:2] / name[2:]).write_bytes(body)
        rows.append((digest, BLOB_BYTES, len(rows)))
    with db:
        db.executemany("INSERT INTO blob VALUES (?1, ?2, 1600000000 + ?3, 1600000000 + ?3)", rows)
        db.executemany("INSERT INTO entry VALUES ('file', '/packages/made/up/' || hex(?1) || '/made-up-' || ?3 || "
                       "'.whl', 'made-up-' || (?3 / 10), ?1, ?2, 1600000000, '')", rows)
        db.execute("UPDATE state SET blobs = blobs + ?1, bytes = bytes + ?1 * ?2, entries = entries + ?1",
                   (count, BLOB_BYTES))
        (total,) = db.execute("SELECT bytes FROM state").fetchone()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return total


def evicted(server):
    text = fetch(server.url("/metrics")).decode()
    return int(re.search(r"^yizhan_store_evicted_total (\d+)", text, re.MULTILINE).group(1))


def limit(server, total):
    """From now on the store may hold so many bytes."""
    config = server.folder / "mirror.conf"
    config.write_text(re.sub(r"max_size = .*", f"max_size = {total // 1024}K", config.read_text()))
    server.process.send_signal(signal.SIGHUP)


def wait_evicted(server, count):
    deadline = time.monotonic() + 300
    while evicted(server) < count:
        if time.monotonic() > deadline:
            raise BenchError(f"{evicted(server)} of {count} blobs were evicted in 300 s")
        time.sleep(0.1)


def evict_hot(lab, rounds, seconds):
    """Hot .metadata while 100,000 blobs are evicted, in parts, one for each round, against the rests in between."""
    tree, page, path = metadata_tree(lab)
    upstream = lab.upstream(tree.root)
    server = lab.yizhan(upstream)
    fetch(server.url(page))
    fetch(server.url(path))
    lab.stop(server, remove=False)
    total = add_blobs(server.folder, EVICTED_BLOBS + LEFT_BLOBS)
    os.sync()
    server = lab.yizhan(upstream, server.folder)
    fetch(server.url(path))
    load = HotLoad(server, path, [], seconds)
    part = EVICTED_BLOBS // rounds
    rates = {"evicting": Series("requests/s"), "resting": Series("requests/s")}
    per_second = []
    for i in range(rounds):
        before = evicted(server)
        order = ["evicting", "resting"] if i % 2 == 0 else ["resting", "evicting"]
        for name in order:
            if name == "evicting":
                total -= part * BLOB_BYTES
                limit(server, total)
                wait_evicted(server, before + 1)
                begun, begun_s = evicted(server), time.monotonic()
            rates[name].samples.append(load())
            if name == "evicting":
                per_second.append((evicted(server) - begun) / (time.monotonic() - begun_s))
                wait_evicted(server, before + part - 1)
    note = f"{min(per_second):,.0f} to {max(per_second):,.0f} blobs of 4 KiB were evicted in a second of it"
    return [Line("evict_hot", "hot .metadata of 4 KiB while 100,000 blobs are evicted", rates["evicting"],
                 "the same, nothing evicted", rates["resting"], bound=(">=", 0.95), note=note)]
