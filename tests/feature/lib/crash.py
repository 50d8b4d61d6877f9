"""kill -9 while a command works on a store, and what must be right afterwards."""

import hashlib
import subprocess
import time

from lib.admin import admin, ask, command
from lib.extent import times

CRASHES = times(15, soak=50, slow=10)
# At least so many of them must come before the command has ended by itself.
IN_THE_MIDDLE = times(1, soak=10)


class Killer:
    """Runs a command and kills who does its work: itself where it is alone, else the server. The moment is a chance within
    the time that the command takes when it is left alone, as far as that is known: a busy machine may have been slow."""

    def __init__(self, yizhan, chance):
        self.yizhan = yizhan
        self.chance = chance
        self.took_s = {}
        self.killed = 0

    def run(self, *arguments):
        alone = not self.yizhan.running
        if alone not in self.took_s:
            started = time.monotonic()
            admin(self.yizhan, *arguments)
            self.took_s[alone] = time.monotonic() - started
            return
        process = subprocess.Popen(
            command(self.yizhan, *arguments),
            env=self.yizhan.environment,
            cwd=self.yizhan.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started = time.monotonic()
        try:
            process.wait(self.chance.random() * self.took_s[alone])
            self.took_s[alone] = min(self.took_s[alone], time.monotonic() - started)
        except subprocess.TimeoutExpired:
            self.killed += 1
        if alone:
            process.kill()
        else:
            self.yizhan.kill9()
        process.wait()


def assert_clean(yizhan):
    summary = ask(yizhan, "verify", "--rate", "0").summary
    assert summary["faults"] == 0 and summary["blobs"] == len(yizhan.blob_rows())
    for path in yizhan.blob_files():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name


def turn_server(yizhan, turn):
    """Every second time a server does the work."""
    if turn % 2 and not yizhan.running:
        yizhan.start()
    elif not turn % 2:
        yizhan.stop()
