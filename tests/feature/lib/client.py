"""An HTTP/1.1 client that sends exactly what it is told and hides nothing of the answer."""

import gzip
import json
import socket
import threading
from dataclasses import dataclass, field

from lib.wait import PATIENCE_S


@dataclass
class Response:
    status: int
    reason: str
    headers: list  # of (lower-case name, value)
    body: bytes = b""
    complete: bool = False  # the body ended as its framing said
    extra: dict = field(default_factory=dict)

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def header(self, name):
        """The value of a header that may stand there once at most; None if it is not there."""
        values = self.all(name)
        assert len(values) < 2, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None

    @property
    def length(self):
        value = self.header("Content-Length")
        return None if value is None else int(value)

    @property
    def media_type(self):
        return (self.header("Content-Type") or "").split(";")[0].strip()

    @property
    def text(self):
        body = self.body
        if self.header("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return body.decode()

    def json(self):
        return json.loads(self.text)


def connect(address):
    """address: a port of 127.0.0.1, or the path of a unix socket."""
    if isinstance(address, int):
        return socket.create_connection(("127.0.0.1", address), timeout=PATIENCE_S)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE_S)
    sock.connect(str(address))
    return sock


class Exchange:
    """One request whose answer is read step by step. `with` closes the connection."""

    def __init__(self, address, target, method="GET", headers=(), body=b"", host="mirror.test", version="1.1"):
        self.method = method
        self.sock = connect(address)
        self.reader = self.sock.makefile("rb")
        lines = [f"{method} {target} HTTP/{version}"]
        if host is not None:
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in header_pairs(headers)]
        self.sock.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.sock.close()

    def head(self):
        """Reads the status line and the headers."""
        line = self.reader.readline().decode("latin-1")
        if not line:
            raise ConnectionError("the server closed the connection without an answer")
        _, status, reason = (line.rstrip("\r\n").split(" ", 2) + [""])[:3]
        headers = []
        while (line := self.reader.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
        self.response = Response(int(status), reason, headers)
        return self.response

    def read(self, count):
        """Reads exactly count body bytes of an answer with Content-Length; fewer if the connection is cut."""
        data = b""
        try:
            while len(data) < count and (piece := self.reader.read1(min(count - len(data), 1 << 20))):
                data += piece
        except ConnectionError:
            pass
        self.response.body += data
        return data

    def rest(self):
        """Reads the body to its end and returns the whole response."""
        response = self.response
        if self.method == "HEAD" or response.status in (204, 304):
            response.complete = True
        elif response.header("Transfer-Encoding") == "chunked":
            self._rest_chunked()
        elif response.length is not None:
            self.read(response.length - len(response.body))
            response.complete = len(response.body) == response.length
        else:
            while self.read(1 << 20):
                pass
            response.complete = True
        return response

    def _rest_chunked(self):
        while True:
            size = int(self.reader.readline().split(b";")[0] or b"-1", 16)
            if size < 0:
                return
            data = self.reader.read(size)
            self.response.body += data
            if len(data) < size or self.reader.readline() != b"\r\n":
                return
            if size == 0:
                self.response.complete = True
                return

    def closed(self):
        """True if the server closes the connection now instead of waiting for more."""
        try:
            return self.reader.read(1) == b""
        except ConnectionError:
            return True


def header_pairs(headers):
    return list(headers.items()) if isinstance(headers, dict) else list(headers)


def fetch(address, target, method="GET", headers=(), **options):
    """One request, one whole response. A cut answer has complete == False."""
    with Exchange(address, target, method, headers, **options) as exchange:
        exchange.head()
        return exchange.rest()


def send_raw(address, data):
    """Sends bytes and returns everything until the server closes the connection."""
    with connect(address) as sock:
        answer = b""
        try:
            sock.sendall(data)
            while piece := sock.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return answer


class Background:
    """Runs one call in a thread; result() waits for it and raises what it raised."""

    def __init__(self, call, *args, **kwargs):
        self._outcome = None
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(call, args, kwargs), daemon=True)
        self._thread.start()

    def _run(self, call, args, kwargs):
        try:
            self._outcome = call(*args, **kwargs)
        except BaseException as error:  # handed to the waiting thread
            self._error = error

    @property
    def done(self):
        return not self._thread.is_alive()

    def result(self):
        self._thread.join(PATIENCE_S * 2)
        assert self.done, "a background call does not end"
        if self._error:
            raise self._error
        return self._outcome
