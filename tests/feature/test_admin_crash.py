"""kill -9 while a store is repaired or evicted: nothing that was right is lost, and a verification finds nothing wrong."""

import hashlib
import os
import random
import subprocess
import time

import pytest
from lib.admin import admin, ask, command
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import wait_until

CRASHES = 50
SEED = 20261124
DISTS = 60
SIZE = 100 << 10


@pytest.fixture
def dists():
    return [make_wheel(f"crash{number}", "1.0", size=SIZE) for number in range(DISTS)]


@pytest.fixture
def filled(make_yizhan, make_upstream, dists):
    yizhan = make_yizhan(make_upstream(Tree.tuna(dists)), storage={"pin": ["pypi:crash0", "pypi:crash1"]})
    fetch(yizhan, dists)
    return yizhan


def fetch(yizhan, dists):
    for dist in dists:
        assert yizhan.get(dist.path).body == dist.data
    yizhan.wait_idle()


class Killer:
    """Runs a command and kills who does its work: itself where it is alone, else the server. The moment is a chance within
    the time that the command took when it was left alone."""

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
        try:
            process.wait(self.chance.random() * self.took_s[alone])
        except subprocess.TimeoutExpired:
            self.killed += 1
        if alone:
            process.kill()
        else:
            self.yizhan.kill9()
        process.wait()


def damage(yizhan, dists, chance):
    """Spoils some files in a way each. Returns those that stay right."""
    spoilt = chance.sample(dists, 6)
    for number, dist in enumerate(spoilt):
        path = yizhan.blob_path(dist.sha256)
        if number % 3 == 0:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        elif number % 3 == 1:
            path.unlink()
        else:
            os.truncate(path, 1000)
    return [dist for dist in dists if dist not in spoilt]


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


def test_admin_crash_fifty_kills_during_repair(filled, dists):
    chance = random.Random(SEED)
    killer = Killer(filled, chance)
    for turn in range(CRASHES + 2):
        turn_server(filled, turn)
        right = damage(filled, dists, chance)
        killer.run("verify", "--repair", "--rate", "0")
        turn_server(filled, turn)
        assert all(filled.blob_path(dist.sha256).read_bytes() == dist.data for dist in right)
        ask(filled, "verify", "--repair", "--rate", "0")
        assert_clean(filled)
        if not filled.running:
            filled.start()
        fetch(filled, dists)
    assert killer.killed >= CRASHES // 5, f"only {killer.killed} kills were in the middle"


def test_admin_crash_fifty_kills_during_gc(filled, dists):
    chance = random.Random(SEED)
    killer = Killer(filled, chance)
    text = filled.config.read_text()
    for turn in range(CRASHES + 2):
        turn_server(filled, turn)
        before = filled.blob_rows()
        filled.config.write_text(text.replace("[storage]\n", f"[storage]\nmax_size = {2 + turn % 3}M\n"))
        if filled.running:  # from here on the server evicts
            filled.reload()
        killer.run("gc")
        filled.config.write_text(text)
        turn_server(filled, turn)
        assert_clean(filled)
        assert set(filled.blob_rows()) <= set(before)
        pinned = dists[:2]
        assert all(filled.blob_path(dist.sha256).read_bytes() == dist.data for dist in pinned)
        if not filled.running:
            filled.start()
        fetch(filled, dists)
    assert killer.killed >= CRASHES // 5, f"only {killer.killed} kills were in the middle"
    wait_until(lambda: len(filled.blob_rows()) >= DISTS, "all are there again")
