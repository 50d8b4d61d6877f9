"""The servers that are measured: where they run, how they start and stop, what they use.

Everything runs on 127.0.0.1 on free ports, from one working folder, and is stopped by its own process id.
"""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

READY = re.compile(rb"http://127\.0\.0\.1:(\d+)/")
START_TIMEOUT_S = 60
DESCRIPTORS = 12000  # 10,000 connections and what else is open

YIZHAN = """\
[server]
listen = 127.0.0.1:0
workers = auto
access_log = off
max_connections = 12000
max_connections_per_client = 12000

[storage]
path = {store}
max_size = 100G
min_free = 64M
"""

PYPI = """
[pypi "upstream"]
index = http://127.0.0.1:{upstream}/simple/
"""

REGISTRY = """
[registry "docker.io"]
upstream = http://127.0.0.1:{upstream}
default = yes
"""


class BenchError(Exception):
    """What keeps a figure from being measured, as one sentence."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise BenchError(f"{process.args[0]} does not listen on port {port}; its messages are in the working folder")


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < DESCRIPTORS:
        raise BenchError(f"{DESCRIPTORS} open files are needed and {hard} are allowed: raise the limit (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """A running server: its port, its processes, and what they use."""

    def __init__(self, process, port, folder, started_s=0.0):
        self.process = process
        self.port = port
        self.folder = folder
        self.started_s = started_s  # from exec to the line that says it is ready

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def pids(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def rss_mib(self):
        """Resident memory of the process. For servers of one process."""
        return self.status_mib("VmRSS")

    def status_mib(self, name):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise BenchError(f"no {name} in /proc")

    def pss_mib(self):
        """Memory of all processes, what they share counted once."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024

    def peak_rss_mib(self):
        """The most that has been resident in the process since it started."""
        return self.status_mib("VmHWM")

    def cpu_s(self):
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


class Lab:
    """Starts servers; as a context manager it stops those that are left."""

    def __init__(self, folder, binary, drain):
        self.folder = Path(folder)
        self.binary = Path(binary).resolve()
        self.drain = Path(drain)
        self.servers = []
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for server in self.servers:
            server.stop()

    def new_folder(self, name):
        self.count += 1
        folder = self.folder / f"{self.count:03d}-{name}"
        folder.mkdir(parents=True)
        return folder

    def adopt(self, process, port, folder):
        """A server that was started elsewhere."""
        self.servers.append(Server(process, port, folder))
        return self.servers[-1]

    def stop(self, server, remove=True):
        server.stop()
        self.servers.remove(server)
        if remove:
            shutil.rmtree(server.folder)

    # ---- nginx ----

    def nginx(self, name, body, settings=""):
        """Starts nginx with `body` inside its server block. @FOLDER@ and @PORT@ are filled in."""
        folder = self.new_folder(name)
        port = free_port()
        text = NGINX.replace("@BODY@", body).replace("@SETTINGS@", settings)
        text = text.replace("@FOLDER@", str(folder)).replace("@PORT@", str(port))
        text = text.replace("@USER@", "user root;" if os.geteuid() == 0 else "")
        config = folder / "nginx.conf"
        config.write_text(text)
        for part in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / part).mkdir()
        log = (folder / "messages").open("wb")
        process = subprocess.Popen(["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        server = self.adopt(process, port, folder)
        wait_for_port(port, process)
        return server

    def upstream(self, root, limit_rate="0"):
        """A static mirror in the shape of TUNA's: JSON where there is some, else HTML; every request is logged."""
        return self.nginx("upstream", UPSTREAM.replace("@ROOT@", str(root)).replace("@RATE@", limit_rate),
                          UPSTREAM_SETTINGS)

    def static(self, root, open_file_cache=False):
        """nginx as the peer that serves files it has."""
        more = "open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;" if open_file_cache else ""
        return self.nginx("static", STATIC.replace("@ROOT@", str(root)).replace("@MORE@", more))

    def cache(self, upstream):
        """nginx as a caching proxy, as many run it today."""
        return self.nginx("cache", CACHE, CACHE_SETTINGS.replace("@UPSTREAM@", str(upstream.port)))

    def slow_road(self, upstream, limit_rate):
        """nginx that passes on what the upstream says, to each connection at so many bytes a second."""
        body = SLOW_ROAD.replace("@UPSTREAM@", str(upstream.port)).replace("@RATE@", limit_rate)
        return self.nginx("slow", body)

    # ---- yizhan ----

    def yizhan(self, upstream, folder=None, section=PYPI):
        """Starts yizhan; `folder` is that of a stopped one, to start it again on its store."""
        folder = folder or self.new_folder("yizhan")
        config = folder / "mirror.conf"
        config.write_text(YIZHAN.format(store=folder / "store") + section.format(upstream=upstream.port))
        begin = time.monotonic()
        process = subprocess.Popen([str(self.binary), "serve", "-c", str(config)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder)
        server = self.adopt(process, 0, folder)
        ready = threading.Event()
        threading.Thread(target=follow, args=(process.stdout, folder / "messages", server, ready),
                         daemon=True).start()
        if not ready.wait(START_TIMEOUT_S) or not server.port:
            raise BenchError(f"yizhan does not start; see {folder / 'messages'}")
        server.started_s -= begin
        return server


def follow(output, path, server, ready):
    """Keeps the messages, and notes the port and the moment when the ready line comes."""
    with path.open("ab") as log:
        for line in output:
            found = None if server.port else READY.search(line)
            if found:
                server.started_s = time.monotonic()
                server.port = int(found.group(1))
                ready.set()
            log.write(line)
            log.flush()
    ready.set()


NGINX = """\
@USER@
daemon off;
worker_processes 2;
pid @FOLDER@/nginx.pid;
events {
    worker_connections 12000;
}
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    types { text/html html; application/vnd.pypi.simple.v1+json json v1_json; }
    default_type application/octet-stream;
    client_body_temp_path @FOLDER@/body;
    proxy_temp_path @FOLDER@/proxy;
    fastcgi_temp_path @FOLDER@/fastcgi;
    uwsgi_temp_path @FOLDER@/uwsgi;
    scgi_temp_path @FOLDER@/scgi;
    @SETTINGS@
    server {
        listen 127.0.0.1:@PORT@ backlog=4096;
        @BODY@
    }
}
"""

STATIC = """
        root @ROOT@;
        gzip_static on;
        @MORE@
"""

UPSTREAM_SETTINGS = """
    log_format requests '$request_method $uri $status $body_bytes_sent';
    map $http_accept $page {
        default index.html;
        "~application/vnd\\.pypi\\.simple\\.v1\\+json" index.v1_json;
    }
"""

UPSTREAM = """
        root @ROOT@;
        access_log @FOLDER@/requests.log requests;
        limit_rate @RATE@;
        gzip_static on;
        gzip_vary on;
        index $page index.html;
"""

CACHE_SETTINGS = """
    proxy_cache_path @FOLDER@/cache levels=1:2 keys_zone=all:16m max_size=100g inactive=1d use_temp_path=off;
    upstream mirror {
        server 127.0.0.1:@UPSTREAM@;
        keepalive 16;
    }
"""

CACHE = """
        location / {
            proxy_pass http://mirror;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_cache all;
            proxy_cache_lock on;
            proxy_cache_valid 200 10m;
            proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
            proxy_max_temp_file_size 0;
        }
"""

SLOW_ROAD = """
        location / {
            proxy_pass http://127.0.0.1:@UPSTREAM@;
            proxy_buffers 16 64k;
            proxy_max_temp_file_size 0;
            limit_rate @RATE@;
        }
"""
