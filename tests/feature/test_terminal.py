"""What commands show on a terminal."""

import os
import pty
import re
import signal
import subprocess
import threading

import pytest
from lib.admin import command
from lib.images import layer, make_image, noise
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import PATIENCE_S, wait_until

SIZE = 3 << 20


class OnTerminal:
    """A command whose standard error is a terminal."""

    def __init__(self, yizhan, *arguments):
        self._ours, theirs = pty.openpty()
        self._chunks = []
        self._process = subprocess.Popen(
            command(yizhan, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**yizhan.environment, "TERM": "xterm"},
            cwd=yizhan.folder,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        try:
            while chunk := os.read(self._ours, 4096):
                self._chunks.append(chunk)
        except OSError:  # nobody writes any more
            pass

    @property
    def shown(self):
        return b"".join(self._chunks).decode()

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def end(self):
        """Its status and its standard output."""
        stdout, _ = self._process.communicate(timeout=PATIENCE_S)
        self._reader.join(PATIENCE_S)
        os.close(self._ours)
        return self._process.returncode, stdout.decode()


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def wheel():
    return make_wheel("app", "1.0", size=SIZE)


@pytest.fixture
def registry(make_registry):
    registry = make_registry()
    registry.image = registry.add("library/app", make_image([layer({"a": noise(SIZE, "a")}, compressed=False)]), "1")
    return registry


@pytest.fixture
def yizhan(make_yizhan, make_upstream, wheel, registry, gate):
    """Of the wheel and of the image's layer the first MiB comes, the rest with the gate."""
    upstream = make_upstream(Tree.tuna([wheel]))
    upstream.change(upstream.tree.file_path(wheel), body_gate=gate, gate_after=1 << 20)
    path = registry.blob_path("library/app", registry.image.layers[0].digest)
    registry.change(path, body_gate=gate, gate_after=1 << 20)
    return make_yizhan(upstream, registries={"docker.io": [registry]})


@pytest.mark.parametrize("name", ["pypi:app", "docker:app:1"])
def test_terminal_prefetch_shows_how_far_it_is(yizhan, gate, name):
    running = OnTerminal(yizhan, "prefetch", name)
    wait_until(lambda: "1.0 MiB of 3.0 MiB" in running.shown, "what has come is shown")
    gate.set()
    status, stdout = running.end()
    assert status == 0 and " fetched (3.0 MiB)" in stdout


@pytest.mark.parametrize("name", ["pypi:app", "docker:app:1"])
def test_terminal_prefetch_says_that_it_was_interrupted(yizhan, name):
    running = OnTerminal(yizhan, "prefetch", name)
    wait_until(lambda: "1.0 MiB of 3.0 MiB" in running.shown, "it has begun")
    running.interrupt()
    status, stdout = running.end()
    # The configuration of the image may be on its way, too.
    assert status == 1 and re.search(r"\b[12] failed", stdout)
    assert "yizhan prefetch: interrupted; the next run continues from here" in running.shown
