"""An upstream that does what a test tells it to: stall, cut, lie, redirect, compress.

    upstream.mount(tree)                                  serves a mirror's tree
    upstream.on(path, Answer(503), times=1)               the next request gets this, later ones the mounted file
    upstream.change(path, cut_after=1000)                 the mounted file, sent differently
    upstream.asked(path)                                  the requests there have been
"""

import gzip
import hashlib
import re
import socket
import threading
from dataclasses import dataclass, replace
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from lib.tree import HTML_TYPE, JSON_TYPE

BLOCK = 64 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: tuple  # of (lower-case name, value)

    @property
    def path(self):
        """Decoded, as %2B and + are the same file."""
        return unquote(urlsplit(self.target).path)

    def header(self, name):
        return next((value for key, value in self.headers if key == name.lower()), None)


@dataclass(frozen=True)
class Answer:
    """What to answer. The defaults are those of a decent static file server."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/octet-stream"
    headers: tuple = ()  # further (name, value) pairs
    validators: bool = True  # ETag and Last-Modified, and 304 by them
    ranges: bool = True
    framing: str = "length"  # "length", "chunked", "close"
    length: int = None  # lie in Content-Length
    cut_after: int = None  # close the connection after so many body bytes
    cut_head_after: int = None  # close it after so many bytes of the head
    gate: threading.Event = None  # wait before the status line
    body_gate: threading.Event = None  # wait after gate_after body bytes
    gate_after: int = 0
    compress: bool = False  # gzip where the client takes it
    wrong_206: str = None  # "start", "total", "bytes"
    endless: bytes = None  # after the body, this for ever (framing "close" or "chunked")
    etag: str = None  # instead of one made from the body


class ScriptedUpstream:
    """Listens from the constructor to stop() on a free port of `host`."""

    def __init__(self, host="127.0.0.1"):
        self.host = host
        self._lock = threading.Lock()
        self._mounted = {}  # path -> Answer, or a function of the request
        self._scripts = {}  # path -> list of [Answer or function, times left]
        self._requests = []
        self._sockets = set()
        self._stopped = threading.Event()
        self._listening = socket.create_server((host, 0), backlog=512)
        self.port = self._listening.getsockname()[1]
        self.tree = None
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def index(self):
        return self.url + self.tree.index

    # ---- scripting ----

    def mount(self, tree):
        """Serves the tree; mounted again, the new one replaces the old. Returns the upstream."""
        mounted = {path: Answer(body=file.body, content_type=file.content_type) for path, file in tree.files().items()}
        for path, (as_html, as_json) in tree.pages().items():
            mounted[path] = page_answer(as_html, as_json)
        for project in tree.projects:
            for version in [None] + [dist.version for dist in tree.dists_of(project)]:
                body = tree.json_api(project, self.url + tree.prefix + "/packages/", version)
                mounted[tree.json_path(project, version)] = Answer(body=body, content_type="application/json")
        with self._lock:
            self.tree = tree
            self._mounted = {unquote(path): answer for path, answer in mounted.items()}
        return self

    def on(self, path, answer, times=None):
        """Answers requests of this path so, the next `times` of them or all; a later on() comes first."""
        with self._lock:
            self._scripts.setdefault(unquote(path), []).insert(0, [answer, times])

    def change(self, path, times=None, **changes):
        """The mounted answer with some of its fields changed."""
        self.on(path, lambda request: replace(self.mounted_answer(request), **changes), times)

    def on_everything(self, answer):
        """Every path, mounted or not, gets this answer."""
        self.on("*", answer)

    def forget(self):
        """Drops what on(), change() and on_everything() said."""
        with self._lock:
            self._scripts.clear()

    # ---- what happened ----

    def asked(self, path=None, method=None):
        with self._lock:
            requests = list(self._requests)
        return [
            request
            for request in requests
            if (path is None or request.path == unquote(path)) and (method is None or request.method == method)
        ]

    def stop(self):
        """Cuts everything; from now on connections are refused."""
        self._stopped.set()
        shut(self._listening)  # accept() gives up at once; closing alone would leave it waiting
        self._accepting.join()
        self._listening.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            shut(sock)

    # ---- serving ----

    def _accept(self):
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            with sock, sock.makefile("rb") as reader:
                while (request := read_request(reader)) and not self._stopped.is_set():
                    with self._lock:
                        self._requests.append(request)
                    if not self._send(sock, request, self._find(request)):
                        shut(sock)
                        return
        except (ConnectionError, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._sockets.discard(sock)

    def _find(self, request):
        with self._lock:
            answer = self._next_scripted(request.path) or self._next_scripted("*") or self.mounted_answer
        return answer(request) if callable(answer) else answer

    def mounted_answer(self, request):
        """What stands there, whatever the scripts say."""
        with self._lock:
            answer = self._mounted.get(request.path) or Answer(404, b"no such thing\n", "text/plain")
        return answer(request) if callable(answer) else answer

    def _next_scripted(self, path):
        for script in self._scripts.get(path, []):
            if script[1] != 0:
                script[1] = script[1] and script[1] - 1
                return script[0]
        return None

    def _wait(self, gate):
        while gate and not gate.wait(0.05):
            if self._stopped.is_set():
                raise ConnectionError("stopped")

    def _send(self, sock, request, answer):
        """Returns False when the connection is to be closed."""
        self._wait(answer.gate)
        status, headers, body = represent(request, answer)
        lines = [f"HTTP/1.1 {status} Status", f"Date: {formatdate(usegmt=True)}"]
        has_body = request.method != "HEAD" and status != 304
        if answer.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif answer.framing == "close":
            lines.append("Connection: close")
        elif status != 304:
            lines.append(f"Content-Length: {len(body) if answer.length is None else answer.length}")
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        sock.sendall(head[: answer.cut_head_after])
        if answer.cut_head_after is not None:
            return False
        if not has_body:
            return answer.framing != "close"
        self._send_body(sock, answer, body)
        return answer.cut_after is None and answer.length is None and answer.framing != "close"

    def _send_body(self, sock, answer, body):
        end = len(body) if answer.cut_after is None else min(answer.cut_after, len(body))
        stops = sorted({min(answer.gate_after, end) if answer.body_gate else end, end})
        at = 0
        for stop in stops:
            while at < stop:
                piece = body[at : min(at + BLOCK, stop)]
                send_piece(sock, answer, piece)
                at += len(piece)
            if answer.body_gate and at == min(answer.gate_after, end):
                self._wait(answer.body_gate)
        while answer.endless and not self._stopped.is_set():
            send_piece(sock, answer, answer.endless)
        if answer.framing == "chunked" and answer.cut_after is None:
            sock.sendall(b"0\r\n\r\n")


def page_answer(as_html, as_json):
    """Negotiates between the two as mirrors do: JSON if it is mentioned."""

    def answer(request):
        if as_json and JSON_TYPE in (request.header("Accept") or ""):
            return Answer(body=as_json, content_type=JSON_TYPE, compress=True)
        return Answer(body=as_html, content_type=HTML_TYPE, compress=True)

    return answer


def send_piece(sock, answer, piece):
    if answer.framing == "chunked":
        piece = b"%x\r\n%s\r\n" % (len(piece), piece)
    sock.sendall(piece)


def shut(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


TLS_HANDSHAKE = b"\x16"


def read_request(reader):
    if reader.peek(1)[:1] == TLS_HANDSHAKE:  # clients of registries try https first; its hello may have no line end
        return None
    line = reader.readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    method, target, _ = line.split(" ")
    headers = []
    while (line := reader.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return Request(method, target, tuple(headers))


def etag_of(body):
    return f'"{hashlib.sha1(body).hexdigest()[:16]}"'


LAST_MODIFIED = "Tue, 02 Jan 2024 03:04:05 GMT"


def represent(request, answer):
    """Status, headers and body of the answer to this request."""
    status, body, headers = answer.status, answer.body, [("Content-Type", answer.content_type), *answer.headers]
    if status != 200:
        return status, headers, body
    if answer.validators:
        etag = answer.etag or etag_of(body)
        headers += [("ETag", etag), ("Last-Modified", LAST_MODIFIED)]
        if request.header("If-None-Match") == etag or (
            not request.header("If-None-Match") and request.header("If-Modified-Since") == LAST_MODIFIED
        ):
            return 304, headers, b""
    if answer.compress and "gzip" in (request.header("Accept-Encoding") or ""):
        return 200, headers + [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")], gzip.compress(body, 1)
    if answer.ranges:
        headers.append(("Accept-Ranges", "bytes"))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.header("Range") or "")
        condition = request.header("If-Range")
        if wanted and (condition is None or (answer.validators and condition == (answer.etag or etag_of(body)))):
            return represent_range(answer, headers, int(wanted[1]), wanted[2])
    return 200, headers, body


def represent_range(answer, headers, start, last):
    body = answer.body
    if start >= len(body):
        return 416, headers + [("Content-Range", f"bytes */{len(body)}")], b""
    end = min(int(last) + 1 if last else len(body), len(body))
    told_start, told_total = start, len(body)
    if answer.wrong_206 == "start":
        told_start = start = max(0, start - 7)
    elif answer.wrong_206 == "total":
        told_total += 100
    part = body[start:end]
    if answer.wrong_206 == "bytes":
        part = bytes(len(part))
    return 206, headers + [("Content-Range", f"bytes {told_start}-{start + len(part) - 1}/{told_total}")], part
