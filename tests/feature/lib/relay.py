"""A TCP relay in front of a server, that cuts connections as a bad network does."""

import socket
import threading

from lib.upstream import shut


class Relay:
    """Passes all on. cut_after: the first connection that has brought so many bytes to its client is cut, once."""

    def __init__(self, port, cut_after):
        self._target = port
        self._cut_after = cut_after
        self._lock = threading.Lock()
        self._sockets = []
        self.sent = b""  # what clients have sent, all connections
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def was_cut(self):
        return self._cut_after is None

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with self._lock:
                self._sockets += [client, server]
            for call, source, target in ((self._up, client, server), (self._down, server, client)):
                threading.Thread(target=call, args=(source, target), daemon=True).start()

    def _up(self, client, server):
        try:
            while piece := client.recv(65536):
                with self._lock:
                    self.sent += piece
                server.sendall(piece)
        except OSError:
            pass
        shut(server)

    def _down(self, server, client):
        passed = 0
        try:
            while piece := server.recv(65536):
                passed += len(piece)
                with self._lock:
                    cut = self._cut_after is not None and passed >= self._cut_after
                    if cut:
                        self._cut_after = None
                client.sendall(piece)
                if cut:
                    shut(server)
                    break
        except OSError:
            pass
        shut(client)

    def stop(self):
        shut(self._listening)
        self._listening.close()
        with self._lock:
            for sock in self._sockets:
                shut(sock)
                sock.close()
