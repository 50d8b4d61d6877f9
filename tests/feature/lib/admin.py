"""Commands on a store: by the running server, or alone."""

import json
import os
import pty
import subprocess
import threading

from lib.wait import PATIENCE_S
from lib.yizhan import BINARY


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr

    @property
    def objects(self):
        return [json.loads(line) for line in self.stdout.splitlines()]

    def of(self, kind):
        return [found for found in self.objects if found["type"] == kind]

    @property
    def summary(self):
        (summary,) = self.of("summary")
        return summary


def command(yizhan, *arguments):
    """The command line of a command for this server's store."""
    name, *others = map(str, arguments)
    return [BINARY, name, "-c", str(yizhan.config), *others]


def admin(yizhan, *arguments):
    """Runs one to its end."""
    done = subprocess.run(
        command(yizhan, *arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
        env=yizhan.environment,
        cwd=yizhan.folder,
    )
    return Result(done)


def ask(yizhan, *arguments):
    """The same with --json; it must succeed."""
    result = admin(yizhan, *arguments, "--json")
    assert result.status == 0, result.stderr
    assert result.stderr == ""
    return result


def on_a_terminal(yizhan, *arguments):
    """Runs one with standard error on a terminal. Returns its status and what the terminal got."""
    ours, its = pty.openpty()
    shown = []

    def read():
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done = subprocess.run(
            command(yizhan, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=its,
            timeout=PATIENCE_S,
            env={**yizhan.environment, "TERM": "xterm"},
            cwd=yizhan.folder,
        )
    finally:
        os.close(its)
        reader.join()
        os.close(ours)
    return done.returncode, b"".join(shown).decode()
