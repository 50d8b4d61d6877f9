"""Rows about container images: manifests and layers, hot and cold, a real docker pull, and memory.

The upstream is Docker's own registry, the peers are the same program as its mirror, and nginx as a caching proxy."""

import os
import shutil
from functools import partial

from lab import BenchError
from load import HotLoad, Line, Series, alternate, curl, drain, fetch
from registries import (ACCEPT, MIRROR, QUIET_MIRROR, TAG, Docker, Registry, make_image, manifest_path, start)
from rows_hot import hot_lines, same_bytes

MIB = 1 << 20
NGINX = "nginx proxy_cache"
STRAIGHT = "curl from the upstream"
PEERS = (MIRROR, NGINX)


def fresh(lab, kind, upstream, registry):
    """A server with an empty store that has given out the manifest, as it does before it is asked for layers."""
    server = start(lab, kind, upstream)
    fetch(server.url(manifest_path(registry.image.digest)), [ACCEPT])
    return server


def against_peers(row, work, series, bounds=(), **options):
    return [Line(row, work, series["yizhan"], name, series[name], bound=dict(bounds).get(name), **options)
            for name in series if name != "yizhan"]


# ---- hot ----

def hot_manifest(lab, rounds, seconds, row, by_digest, times_mirror):
    registry = Registry(lab, make_image(6, 4096))
    path = manifest_path(registry.image.digest if by_digest else TAG)
    servers = {kind: start(lab, kind, registry.server) for kind in ("yizhan", MIRROR, QUIET_MIRROR, NGINX)}
    same_bytes([server.url(path) for server in servers.values()], [ACCEPT])
    loads = {name: HotLoad(server, path, [ACCEPT], seconds) for name, server in servers.items()}
    rates = alternate(rounds, "requests/s", loads)
    return hot_lines(row, f"hot manifest by {'digest' if by_digest else 'tag'}", rates, loads,
                     {MIRROR: (">=", times_mirror)})


def image_tag(lab, rounds, seconds):
    """Hot manifest by tag."""
    return hot_manifest(lab, rounds, seconds, "image_tag", False, 100)


def image_digest(lab, rounds, seconds):
    """Hot manifest by digest."""
    return hot_manifest(lab, rounds, seconds, "image_digest", True, 50)


def image_layer(lab, rounds, _seconds):
    """Hot layer of 64 MiB, 4 clients."""
    clients, requests = 4, 8
    registry = Registry(lab, make_image(1, 64 * MIB))
    path, size = registry.paths[0], len(registry.image.layers[0].body)
    servers = {kind: fresh(lab, kind, registry.server, registry) for kind in ("yizhan", *PEERS)}
    same_bytes([server.url(path) for server in servers.values()], [])

    def speed(server):
        return clients * requests * size / drain(lab, server, path, clients, requests, size) / 1e6

    speeds = alternate(rounds, "MB/s", {name: partial(speed, server) for name, server in servers.items()})
    return against_peers("image_layer", "hot layer of 64 MiB, 4 clients", speeds, {MIRROR: (">=", 1.0)})


# ---- cold ----

class ColdLayer:
    """One layer, straight from the upstream and through fresh servers."""

    def __init__(self, lab, registry, upstream):
        self.lab = lab
        self.registry = registry
        self.upstream = upstream
        self.path = registry.paths[0]
        self.size = len(registry.image.layers[0].body)

    def straight(self):
        return curl(self.upstream.url(self.path), size=self.size)

    def through(self, kind):
        server = fresh(self.lab, kind, self.upstream, self.registry)
        times = curl(server.url(self.path), size=self.size)
        self.lab.stop(server)
        os.sync()
        return times

    def measure(self, rounds):
        """Returns the first bytes and the wholes, each as {name: Series}."""
        both = alternate(rounds, "", {STRAIGHT: self.straight,
                                      **{kind: partial(self.through, kind) for kind in ("yizhan", *PEERS)}})
        return [{name: Series("ms", [times[i] * 1000 for times in series.samples]) for name, series in both.items()}
                for i in (0, 1)]


def image_cold(lab, rounds, _seconds):
    """Cold layer of 256 MiB: over the loopback, and from an upstream of 1 Gbit/s."""
    registry = Registry(lab, make_image(1, 256 * MIB))
    os.sync()
    lines = []
    for upstream, where in ((registry.server, "loopback upstream"),
                            (lab.slow_road(registry.server, "119m"), "upstream of 1 Gbit/s")):
        first, whole = ColdLayer(lab, registry, upstream).measure(rounds)
        bars = {MIRROR: ("<=", 1.0)} if upstream is registry.server else {}
        work = f"cold layer of 256 MiB, {where}"
        lines += against_peers("image_cold", f"{work}: first byte", first, bars)
        lines += against_peers("image_cold", f"{work}: whole", whole, bars and {**bars, STRAIGHT: ("<=", 1.1)})
    return lines


def image_crowd(lab, rounds, _seconds):
    """Cold layer of 64 MiB, 32 clients at once."""
    clients = 32
    registry = Registry(lab, make_image(1, 64 * MIB))
    path, size = registry.paths[0], len(registry.image.layers[0].body)
    asked = {kind: Series("upstream requests") for kind in ("yizhan", *PEERS)}

    def crowd(kind):
        server = fresh(lab, kind, registry.server, registry)
        before = registry.downloads(path, 0)
        seconds = drain(lab, server, path, clients, 1, size)
        asked[kind].samples.append(registry.downloads(path, before + 1) - before)
        lab.stop(server)
        os.sync()
        return clients * size / seconds / 1e6

    speeds = alternate(rounds, "MB/s", {kind: partial(crowd, kind) for kind in ("yizhan", *PEERS)})
    most = {kind: Series("upstream requests", [max(series.samples)]) for kind, series in asked.items()}
    if most["yizhan"].median > 1:
        raise BenchError(f"{clients} clients at once made {most['yizhan'].median} upstream downloads of one layer")
    work = f"cold layer of 64 MiB, {clients} clients at once"
    return [*against_peers("image_crowd", f"{work}: upstream downloads, most in a round", most,
                           {kind: ("<=", 1) for kind in PEERS}, relation="absolute"),
            *against_peers("image_crowd", f"{work}: all together", speeds, {MIRROR: (">=", 3.0)})]


# ---- docker ----

def image_pull(lab, rounds, _seconds):
    """docker pull of a hot image of 500 MiB in 6 layers, each time into an empty dockerd."""
    image = make_image(6, 500 * MIB // 6, compressed=True)
    registry = Registry(lab, image)
    servers = {"yizhan": start(lab, "yizhan", registry.server), "the upstream itself": registry.server,
               MIRROR: start(lab, MIRROR, registry.server)}
    os.sync()

    def pull(server):
        docker = Docker(lab, server)
        with docker:
            seconds = docker.pull(image)
        shutil.rmtree(docker.folder)
        os.sync()
        return seconds

    for server in servers.values():
        pull(server)
    times = alternate(rounds, "s", {name: partial(pull, server) for name, server in servers.items()})
    return against_peers("image_pull", "docker pull of 500 MiB in 6 layers, hot", times,
                         {"the upstream itself": ("<=", 1.05)})


# ---- memory ----

def image_memory(lab, _rounds, _seconds):
    """200 clients pull the same cold image of 20 layers, each another layer first."""
    clients, layers, rate = 200, 20, "8m"
    registry = Registry(lab, make_image(layers, 8 * MIB))
    size = len(registry.image.layers[0].body)
    upstream = lab.slow_road(registry.server, rate)
    figures = {}
    for kind in ("yizhan", MIRROR):
        server = fresh(lab, kind, upstream, registry)
        drain(lab, server, registry.paths, clients, layers, size)
        figures[kind] = Series("MiB", [server.peak_rss_mib()])
        lab.stop(server)
    note = f"layers of 8 MiB, each upstream connection gives {rate[:-1]} MiB/s; the highest that was resident"
    return against_peers("image_memory", f"memory, {clients} clients pull {layers} cold layers", figures,
                         {MIRROR: ("<=", 64)}, relation="absolute", note=note)
