"""Rows about what is not in the store yet: one large file, a crowd on one file, and large pages."""

import os
import resource
import time
from functools import partial
from statistics import median

from load import PIP_ACCEPT, Line, Series, alternate, curl, drain, fetch
from lab import BenchError
from trees import Tree, made_up_entries, random_chunks

MIB = 1 << 20
GZIP = "Accept-Encoding: gzip"


def large_tree(lab, size):
    tree = Tree(lab.new_folder("tree"))
    entry = tree.add_file("large-1.0-py3-none-any.whl", random_chunks(size))
    page = tree.add_project("large", [entry])
    os.sync()
    return tree, page, entry["path"]


def requests_for(upstream, path, at_least):
    """How often a path was asked for so far. nginx writes the line after the last byte: wait for the first ones."""
    log = upstream.folder / "requests.log"
    deadline = time.monotonic() + 5
    while True:
        count = sum(line.startswith(f"GET {path} ") for line in log.read_text().splitlines())
        if count >= at_least or time.monotonic() > deadline:
            return count
        time.sleep(0.01)


def fresh(lab, kind, upstream, page):
    """A server with an empty store that knows the project's page, as it does when pip asks for a file."""
    server = lab.yizhan(upstream) if kind == "yizhan" else lab.cache(upstream)
    fetch(server.url(page), [f"Accept: {PIP_ACCEPT}"])
    return server


class ColdFile:
    """One large file from one upstream: straight, and through fresh servers. Keeps the CPU time that it costs."""

    def __init__(self, lab, tree, page, path, limit_rate):
        self.lab = lab
        self.page = page
        self.path = path
        self.size = (tree.root / path.lstrip("/")).stat().st_size
        self.upstream = lab.upstream(tree.root, limit_rate)
        self.cpu_ms = {name: [] for name in ("yizhan", "its upstream", "its curl")}

    def straight(self):
        return curl(self.upstream.url(self.path), size=self.size)

    def through(self, kind):
        server = fresh(self.lab, kind, self.upstream, self.page)
        before = self.cpu_times(server)
        times = curl(server.url(self.path), size=self.size)
        if kind == "yizhan":
            for name, start, end in zip(self.cpu_ms, before, self.cpu_times(server)):
                self.cpu_ms[name].append((end - start) * 1000)
        self.lab.stop(server)
        os.sync()
        return times

    def cpu_times(self, server):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return server.cpu_s(), self.upstream.cpu_s(), children.ru_utime + children.ru_stime

    def cpu_text(self):
        return "CPU time: " + ", ".join(f"{name} {median(samples):.0f} ms" for name, samples in self.cpu_ms.items())


def cold_file(lab, rounds, _seconds):
    """Cold file of 256 MiB: first byte and whole, against curl straight from the upstream. Loopback is faster than any
    disk or hash; so it is measured from an upstream of 1 Gbit/s as well, for comparison."""
    tree, page, path = large_tree(lab, 256 * MIB)
    lines = []
    for limit_rate, where in (("0", "loopback upstream"), ("119m", "upstream of 1 Gbit/s")):
        file = ColdFile(lab, tree, page, path, limit_rate)
        both = alternate(rounds, "", {"straight": file.straight, "yizhan": partial(file.through, "yizhan"),
                                      "nginx": partial(file.through, "nginx")})
        first, whole = ({name: Series("ms", [times[i] * 1000 for times in series.samples])
                         for name, series in both.items()} for i in (0, 1))
        work = f"cold file of 256 MiB, {where}"
        bounds = (("<=", 5.0), ("<=", 1.10)) if limit_rate == "0" else (None, None)
        lines += [Line("cold_file", f"{work}: first byte", first["yizhan"], "curl from the upstream",
                       first["straight"], "difference", bounds[0]),
                  Line("cold_file", f"{work}: first byte", first["yizhan"], "nginx proxy_cache", first["nginx"],
                       "difference"),
                  Line("cold_file", f"{work}: whole", whole["yizhan"], "curl from the upstream", whole["straight"],
                       bound=bounds[1], note=file.cpu_text()),
                  Line("cold_file", f"{work}: whole", whole["yizhan"], "nginx proxy_cache", whole["nginx"])]
        lab.stop(file.upstream)
    return lines


def cold_crowd(lab, rounds, _seconds):
    """Cold file of 64 MiB, 64 clients at once, against the same crowd on the file when it is hot."""
    size, clients = 64 * MIB, 64
    tree, page, path = large_tree(lab, size)
    upstream = lab.upstream(tree.root)
    fetch(upstream.url(path))
    figures = {kind: {"cold": Series("s"), "hot": Series("s"), "asked": Series("upstream requests")}
               for kind in ("yizhan", "nginx")}

    def crowd(kind):
        server = fresh(lab, kind, upstream, page)
        before = requests_for(upstream, path, 0)
        figures[kind]["cold"].samples.append(drain(lab, server, path, clients, 1, size))
        figures[kind]["asked"].samples.append(requests_for(upstream, path, before + 1) - before)
        figures[kind]["hot"].samples.append(drain(lab, server, path, clients, 1, size))
        lab.stop(server)
        os.sync()

    alternate(rounds, "", {"yizhan": partial(crowd, "yizhan"), "nginx": partial(crowd, "nginx")})
    ours, nginx = figures["yizhan"], figures["nginx"]
    most = Series("upstream requests", [max(ours["asked"].samples)])
    most_nginx = Series("upstream requests", [max(nginx["asked"].samples)])
    work = "cold file of 64 MiB, 64 clients at once"
    return [Line("cold_crowd", f"{work}: upstream downloads, most in a round", most, "nginx proxy_cache_lock",
                 most_nginx, "absolute", ("<=", 1)),
            Line("cold_crowd", f"{work}: all done", ours["cold"], "the same on the hot file", ours["hot"],
                 bound=("<=", 1.5)),
            Line("cold_crowd", f"{work}: all done", ours["cold"], "nginx proxy_cache_lock, cold", nginx["cold"]),
            Line("cold_crowd", "hot file of 64 MiB, 64 clients at once", ours["hot"], "nginx proxy_cache, hot",
                 nginx["hot"])]


# ---- pages ----

def page_lines(lab, rounds, form, gzip):
    """Each round takes a project of its own: what one round stored does not help the next."""
    tree = Tree(lab.new_folder("tree"))
    pages = [tree.add_project(f"huge{i}", made_up_entries(f"huge{i}", 10000), with_json=form == "JSON")
             for i in range(rounds)]
    size = len(fetch(f"file://{tree.root}{pages[0]}index.{'v1_json' if form == 'JSON' else 'html'}"))
    upstream = lab.upstream(tree.root)
    headers = [f"Accept: {PIP_ACCEPT}" if form == "JSON" else "Accept: text/html"]
    if gzip:
        headers.append(GZIP)
    servers = {"straight": upstream, "yizhan": lab.yizhan(upstream), "nginx proxy_cache": lab.cache(upstream)}
    left = {name: iter(pages) for name in servers}

    def load(name):
        return curl(servers[name].url(next(left[name])), headers)[1] * 1000

    times = alternate(rounds, "ms", {name: partial(load, name) for name in servers})
    check_files(servers["yizhan"], pages[0], form)
    for server in servers.values():
        lab.stop(server)
    work = f"cold project page of 10,000 files, {form} of {size / 1e6:.1f} MB{', gzip client' if gzip else ''}"
    return [Line("cold_page", work, times["yizhan"], "curl from the upstream", times["straight"], "difference",
                 ("<=", 150.0)),
            Line("cold_page", work, times["yizhan"], "nginx proxy_cache", times["nginx proxy_cache"], "difference")]


def check_files(server, page, form):
    """A page that lost its files would be quick too."""
    body = fetch(server.url(page), ["Accept: " + (PIP_ACCEPT if form == "JSON" else "text/html")])
    found = body.count(b'"filename"') if form == "JSON" else body.count(b"<a ")
    if found != 10000:
        raise BenchError(f"{server.url(page)} has {found} files instead of 10,000")


def cold_page(lab, rounds, _seconds):
    """Cold project page of 10,000 files: from JSON to JSON, and from an upstream of HTML only to HTML."""
    return [line for form in ("JSON", "HTML") for gzip in (False, True)
            for line in page_lines(lab, rounds, form, gzip)]
