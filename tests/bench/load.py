"""The clients that measure: wrk for small answers, drain for large ones and for crowds, curl for single ones."""

import json
import re
import subprocess
import time
from dataclasses import dataclass, field
from statistics import median

from lab import BenchError

PIP_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
CURL_FORMAT = "%{http_code} %{time_starttransfer} %{time_total} %{size_download}"


@dataclass
class Series:
    """Samples of one figure."""

    unit: str
    samples: list = field(default_factory=list)

    @property
    def median(self):
        return median(self.samples)

    def text(self):
        value = self.median
        if all(isinstance(sample, int) for sample in self.samples):
            return f"{value:,g} {self.unit}"
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
        return f"{value:,.{digits}f} {self.unit}"


@dataclass
class Line:
    """One line of the results: ours, the peer's, and what was to be reached."""

    row: str
    work: str
    ours: Series
    peer_name: str = "–"
    peer: Series = None
    relation: str = "ratio"  # or "difference", or "absolute"
    bound: tuple = None  # (">=", 1.2); None: for comparison only
    note: str = ""

    @property
    def value(self):
        if self.relation == "absolute" or not self.peer:
            return self.ours.median
        if self.relation == "difference":
            return self.ours.median - self.peer.median
        return self.ours.median / self.peer.median

    @property
    def met(self):
        if not self.bound:
            return None
        sign, bound = self.bound
        return self.value >= bound if sign == ">=" else self.value <= bound


def alternate(rounds, unit, measures):
    """Runs each of the named measures `rounds` times, taking turns, every other round backwards."""
    series = {name: Series(unit) for name in measures}
    for i in range(rounds):
        names = list(measures)
        for name in names if i % 2 == 0 else reversed(names):
            series[name].samples.append(measures[name]())
    return series


# ---- wrk ----

def wrk(url, seconds, headers=(), connections=64):
    """Requests per second over keep-alive connections. Any answer that is not 2xx is an error of the bench."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise BenchError(f"wrk on {url} met errors:\n{out}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out).group(1))


class HotLoad:
    """wrk on one server; keeps what a request costs the server in CPU time."""

    def __init__(self, server, path, headers, seconds):
        self.server = server
        self.url = server.url(path)
        self.headers = headers
        self.seconds = seconds
        self.cpu_us = []
        wrk(self.url, 1, headers)

    def __call__(self):
        cpu_before = self.server.cpu_s()
        rate = wrk(self.url, self.seconds, self.headers)
        self.cpu_us.append((self.server.cpu_s() - cpu_before) * 1e6 / (rate * self.seconds))
        return rate

    def cpu_text(self):
        return f"{median(self.cpu_us):.1f} µs"


# ---- curl ----

def curl(url, headers=(), size=None):
    """Fetches and throws away; returns (first byte, whole) in seconds. `size` is what must have come."""
    command = ["curl", "-sS", "-o", "/dev/null", "-w", CURL_FORMAT]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    status, first, total, came = out.split()
    if status != "200" or (size is not None and int(came) != size):
        raise BenchError(f"{url} answered {status} with {came} bytes")
    return float(first), float(total)


def fetch(url, headers=()):
    """The body as it came over the wire."""
    command = ["curl", "-sS", "--fail"]
    for header in headers:
        command += ["-H", header]
    return subprocess.run([*command, url], check=True, capture_output=True).stdout


# ---- drain ----

def drain_command(lab, server, paths, clients, options):
    return [str(lab.drain), "-c", str(clients), *map(str, options), str(server.port), *paths]


def drain(lab, server, path, clients, requests, size):
    """All clients at once; returns the seconds until all have everything. path: one, or a list of them, for things of
    one size."""
    paths = [path] if isinstance(path, str) else path
    out = subprocess.run(drain_command(lab, server, paths, clients, ["-n", requests]), check=True,
                         capture_output=True, text=True).stdout
    result = json.loads(out.splitlines()[-1])
    if result["failed"] or result["bytes"] != clients * requests * size:
        raise BenchError(f"drain on {server.url(paths[0])}: {result}")
    return result["seconds"]


class Crowd:
    """Clients that stay, as a context manager: entered when all are served, or wait in the middle of an answer."""

    def __init__(self, lab, server, path, clients, options):
        self.command = drain_command(lab, server, [path], clients, options)
        self.clients = clients
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if line != "ready\n":
            self.process.wait()
            raise BenchError(f"{' '.join(self.command)} ended early: {line}")
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()
        result = json.loads(rest.splitlines()[-1])
        if result["failed"]:
            raise BenchError(f"{result['failed']} of {self.clients} clients failed: {' '.join(self.command)}")


def highest(seconds, sample):
    """The highest of what `sample` returns over so many seconds."""
    end = time.monotonic() + seconds
    top = sample()
    while time.monotonic() < end:
        time.sleep(0.2)
        top = max(top, sample())
    return top
