"""Rows about memory: idle, many slow readers on one fill, many idle connections."""

import time

from load import PIP_ACCEPT, Crowd, Line, Series, fetch, highest
from rows_hot import metadata_tree
from trees import Tree

GIB = 1 << 30
SETTLE_S = 2
WATCH_S = 12
FILL_RATE = "64m"  # so that the fill of 1 GiB lasts longer than the watching
READER_RATE = 16384  # bytes/s; well above what counts as too slow
RECEIVE_BUFFER = 16384


def zeros(size):
    chunk = bytes(1 << 20)
    for _ in range(size // len(chunk)):
        yield chunk


def mib(value):
    return Series("MiB", [value])


def memory_idle(lab, _rounds, _seconds):
    """Just started."""
    tree, _, _ = metadata_tree(lab)
    upstream = lab.upstream(tree.root)
    ours, cache = lab.yizhan(upstream), lab.cache(upstream)
    time.sleep(SETTLE_S)
    return [Line("memory_idle", "memory, idle", mib(ours.rss_mib()), "nginx proxy_cache", mib(cache.pss_mib()),
                 "absolute", ("<=", 20))]


def memory_readers(lab, _rounds, _seconds):
    """1,000 slow readers on one running fill of 1 GiB."""
    tree = Tree(lab.new_folder("tree"))
    entry = tree.add_file("giant-1.0-py3-none-any.whl", zeros(GIB))
    page = tree.add_project("giant", [entry])
    upstream = lab.upstream(tree.root, limit_rate=FILL_RATE)
    figures = {}
    for name, server in (("yizhan", lab.yizhan(upstream)), ("nginx", lab.cache(upstream))):
        fetch(server.url(page), [f"Accept: {PIP_ACCEPT}"])
        with Crowd(lab, server, entry["path"], 1000, ["-r", READER_RATE, "-b", RECEIVE_BUFFER]):
            figures[name] = highest(WATCH_S, server.rss_mib if name == "yizhan" else server.pss_mib)
        lab.stop(server)
    note = (f"highest in {WATCH_S} s; readers take {READER_RATE // 1024} KiB/s each, the upstream gives "
            f"{FILL_RATE[:-1]} MiB/s")
    return [Line("memory_readers", "memory, 1,000 slow readers on one fill of 1 GiB", mib(figures["yizhan"]),
                 "nginx proxy_cache_lock", mib(figures["nginx"]), "absolute", ("<=", 96), note)]


def memory_connections(lab, _rounds, _seconds):
    """10,000 idle keep-alive connections, each of which has had one answer."""
    tree, page, path = metadata_tree(lab)
    upstream = lab.upstream(tree.root)
    figures = {}
    for name, server in (("yizhan", lab.yizhan(upstream)), ("nginx", lab.cache(upstream))):
        fetch(server.url(page))
        fetch(server.url(path))
        with Crowd(lab, server, path, 10000, ["-k"]):
            figures[name] = highest(SETTLE_S, server.rss_mib if name == "yizhan" else server.pss_mib)
        lab.stop(server)
    return [Line("memory_connections", "memory, 10,000 idle keep-alive connections", mib(figures["yizhan"]),
                 "nginx proxy_cache", mib(figures["nginx"]), "absolute", ("<=", 200))]
