"""The server under test as a process."""

import hashlib
import os
import re
import signal
import sqlite3
import struct
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from lib import client, skips
from lib.tree import JSON_TYPE
from lib.wait import PATIENCE_S, wait_until

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("YIZHAN", str(ROOT / "build" / "yizhan"))
DRAIN_MS = 10000  # of proxy/server.c
READY = re.compile(r"http://127\.0\.0\.1:(\d+)/")
PAUSE = re.compile(rb"asking again in (\d+) ms")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")


class StartFailed(Exception):
    def __init__(self, status, stderr):
        super().__init__(f"the server ended with status {status} before it was ready:\n{stderr}")
        self.status = status
        self.stderr = stderr


def config_text(sections):
    """{"server": {"listen": [..] or value}, ...} as mirror.conf."""
    lines = []
    for section, keys in sections.items():
        if not keys:
            continue
        lines.append(f"[{section}]")
        for key, value in keys.items():
            for item in value if isinstance(value, list) else [value]:
                lines.append(f"{key} = {item}")
    return "\n".join(lines) + "\n"


def url_of(upstream):
    return upstream if isinstance(upstream, str) else upstream.url


def registry_keys(keys, is_default):
    keys = dict(keys) if isinstance(keys, dict) else {"upstream": list(keys)}
    keys["upstream"] = [url_of(upstream) for upstream in keys["upstream"]]
    return {**({"default": "yes"} if is_default else {}), **keys}


def on_tmpfs(folder, options):
    """A wrapper that puts a small disk of its own under `folder`; it goes with the process."""
    skips.require_mounts()
    folder.mkdir(parents=True, exist_ok=True)
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'
    return [*skips.UNSHARE_MOUNTS, "sh", "-c", script, "sh", options, str(folder)]


def run(*arguments, wrapper=()):
    """One command to its end."""
    command = [*wrapper, BINARY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)


class Yizhan:
    """upstreams: objects with .index, named u1, u2, ... in mirror.conf, in order; or a dict of keys.
    server, storage, pypi: keys of those sections beside the defaults of the tests.
    registries: {"docker.io": [upstream, ...]}, or a dict of keys with "upstream" among them; an upstream is a URL or
    an object with .url. The first registry is the default one.
    upstream_keys: {URL, or object with .url: keys of its own section}.
    wrapper: a command before the server's own, such as ["unshare", ...]."""

    def __init__(self, folder, upstreams=(), wrapper=(), **sections):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = self.folder / "store"
        self.config = self.folder / "mirror.conf"
        self.wrapper = list(wrapper)
        self.process = None
        self._clock = self.folder / "clock"
        self._moved = [0, 0]  # struct test_clock of base/clock.h: seconds of the wall clock, ms of the monotonic one
        self._clock_lock = threading.Lock()
        self._move(0, 0)
        self._stderr_path = self.folder / "stderr.log"
        self.configure(upstreams, **sections)

    # ---- configuration ----

    def configure(
        self,
        upstreams=(),
        server=None,
        storage=None,
        pypi=None,
        each=None,
        registries=None,
        upstream_keys=None,
    ):
        """Writes mirror.conf. each: keys of every upstream."""
        access_log = self.folder / "access.log"
        sections = {
            "server": {"listen": "127.0.0.1:0", "access_log": access_log, "workers": 2, "max_connections": 1000},
            "storage": {"path": self.store, "min_free": 0},
            "pypi": {},
        }
        for section, keys in (("server", server), ("storage", storage), ("pypi", pypi)):
            sections[section].update(keys or {})
        for number, upstream in enumerate(upstreams, 1):
            keys = upstream if isinstance(upstream, dict) else {"index": upstream.index}
            sections[f'pypi "u{number}"'] = {**keys, **(each or {})}
        for number, (name, keys) in enumerate((registries or {}).items()):
            sections[f'registry "{name}"'] = registry_keys(keys, is_default=number == 0)
        for upstream, keys in (upstream_keys or {}).items():
            sections[f'upstream "{url_of(upstream)}"'] = keys
        self.config.write_text(config_text(sections))

    # ---- the process ----

    @property
    def environment(self):
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment["YIZHAN_TEST_CLOCK"] = str(self._clock)
        return environment

    def start(self):
        self._stdout = []
        self._said = threading.Condition()
        self._stderr_at_start = len(self.stderr)
        with open(self._stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(
                [*self.wrapper, BINARY, "serve", "-c", self.config],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self.environment,
                cwd=self.folder,
                text=True,
            )
        threading.Thread(target=self._read_stdout, args=(self.process.stdout, self._stdout), daemon=True).start()
        read_bytes = self._stderr_path.stat().st_size
        threading.Thread(target=self._pass_pauses, args=(self.process, read_bytes), daemon=True).start()
        self.port = self._wait_ready()
        return self

    def _read_stdout(self, pipe, lines):
        """Runs until the process ends; then the last line is None."""
        said = self._said
        with pipe:
            for line in pipe:
                with said:
                    lines.append(line)
                    said.notify_all()
        with said:
            lines.append(None)
            said.notify_all()

    def _wait_ready(self):
        def ready():
            return next((found for line in self._stdout if line and (found := READY.search(line))), None)

        with self._said:
            settled = self._said.wait_for(lambda: ready() or None in self._stdout, PATIENCE_S)
            found = ready()
        if found:
            return int(found[1])
        if settled:
            raise StartFailed(self.process.wait(PATIENCE_S), self.stderr[self._stderr_at_start :])
        raise AssertionError(f"the server is neither ready nor gone after {PATIENCE_S:.0f} s:\n{self.stderr}")

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def stdout(self):
        with self._said:
            return "".join(line for line in self._stdout if line)

    @property
    def stderr(self):
        return self._stderr_path.read_text(errors="replace") if self._stderr_path.exists() else ""

    def stop(self, waits=False):
        """SIGTERM; the end must be clean. waits: it waits for answers that do not end, and the time for that passes."""
        if not self.process:
            return
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        try:
            while waits and self._runs_on():
                self.pass_ms(DRAIN_MS)
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"SIGTERM does not end the server:\n{self.stderr[-4000:]}") from None
        self.process = None
        assert status == 0, f"the server ended with status {status}:\n{self.stderr[-8000:]}"
        found = SANITIZER.search(self.stderr)
        assert not found, f"sanitizer report:\n{self.stderr[max(0, found.start() - 500):][:8000]}"

    def _runs_on(self):
        try:
            self.process.wait(0.05)
        except subprocess.TimeoutExpired:
            return True
        return False

    @contextmanager
    def standing_still(self):
        """Between SIGSTOP and SIGCONT. To send the signal is not enough: until one thread takes it, the others run."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill9(self):
        assert self.running, f"the server has ended by itself:\n{self.stderr[-8000:]}"
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def reload(self):
        """SIGHUP; returns what it logs about that."""
        before = len(self.stderr)
        self.process.send_signal(signal.SIGHUP)
        return wait_until(lambda: self.stderr[before:], "the server says what came of SIGHUP")

    @property
    def rss_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    # ---- the clocks ----

    def _move(self, seconds, mono_ms):
        """In place: the server has the file mapped."""
        with self._clock_lock:
            self._moved[0] += seconds
            self._moved[1] += mono_ms
            with open(self._clock, "r+b" if self._clock.exists() else "wb") as clock:
                clock.write(struct.pack("=qq", *self._moved))

    def advance(self, seconds):
        """Moves the server's wall clock forward: what is kept grows older."""
        self._move(seconds, 0)

    def pass_ms(self, milliseconds):
        """Moves its monotonic clock forward: who waits in it has waited so much longer."""
        if milliseconds:
            self._move(0, milliseconds)

    def _pass_pauses(self, process, read_bytes):
        """Where it pauses before it asks upstreams again, that time passes at once."""
        while self.process is process and process.returncode is None:
            time.sleep(0.01)
            if self._stderr_path.stat().st_size == read_bytes:
                continue
            with open(self._stderr_path, "rb") as stderr:
                stderr.seek(read_bytes)
                new = stderr.read()
            new = new[: new.rfind(b"\n") + 1]
            read_bytes += len(new)
            self.pass_ms(sum(map(int, PAUSE.findall(new))))

    # ---- requests ----

    @property
    def index(self):
        return f"http://127.0.0.1:{self.port}/simple/"

    def get(self, target, headers=(), **options):
        return client.fetch(self.port, target, "GET", headers, **options)

    def head(self, target, headers=(), **options):
        return client.fetch(self.port, target, "HEAD", headers, **options)

    def open(self, target, headers=(), **options):
        """An exchange to be read step by step."""
        return client.Exchange(self.port, target, "GET", headers, **options)

    def raw(self, data):
        return client.send_raw(self.port, data)

    def page(self, project):
        """The project's page as JSON; it must be there."""
        response = self.get(f"/simple/{project}/", {"Accept": JSON_TYPE})
        assert response.status == 200, f"page of {project}: {response.status} {response.body[:300]}"
        return response.json()

    def metrics(self):
        """yizhan_requests_total 5 -> {"requests_total": 5}"""
        text = self.get("/metrics").text
        found = re.findall(r"^yizhan_(\w+)(?:\{[^}]*\})? (-?[0-9.e+]+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def metric(self, name):
        return self.metrics()[name]

    def metrics_at_rest(self):
        """When all others have closed: an answer is counted behind its last byte."""
        wait_until(lambda: self.metric("connections") == 1, "only we are left")
        return self.metrics()

    def wait_idle(self):
        """Until no fill is running and the store has nothing to do: what was fetched is committed."""

        def idle():
            metrics = self.metrics()
            return metrics["fills_running"] == 0 and metrics["store_orders"] == 0

        wait_until(idle, "all fills end, and are stored")

    # ---- images ----

    @property
    def url(self):
        """As a registry, or as an upstream of another one."""
        return f"http://127.0.0.1:{self.port}"

    def manifest(self, repository, reference, method="GET", headers=(), query=""):
        return client.fetch(self.port, f"/v2/{repository}/manifests/{reference}{query}", method, headers)

    def blob(self, repository, digest, method="GET", headers=(), query=""):
        return client.fetch(self.port, f"/v2/{repository}/blobs/{digest}{query}", method, headers)

    # ---- the store on disk ----

    def blob_path(self, sha256):
        return self.store / "blobs" / "sha256" / sha256[:2] / sha256[2:]

    def blob_files(self):
        return sorted(path for path in (self.store / "blobs" / "sha256").glob("*/*") if path.is_file())

    def assert_blobs_whole(self):
        """Every file in the store is what its name says."""
        for path in self.blob_files():
            told = hashlib.sha256(path.read_bytes()).hexdigest()
            assert told == path.parent.name + path.name, f"{path} holds the bytes of {told}"

    def index_rows(self, sql):
        """Rows of a query on index.db, read beside the server or after it."""
        with sqlite3.connect(f"file:{self.store}/index.db?mode=ro", uri=True, timeout=PATIENCE_S) as database:
            return database.execute(sql).fetchall()

    def blob_rows(self):
        """{hex digest: size} of the index."""
        rows = self.index_rows("SELECT digest, size FROM blob")
        return {digest.hex() if isinstance(digest, bytes) else digest: size for digest, size in rows}
