"""kill -9 while a store is repaired or evicted: nothing that was right is lost, and a verification finds nothing wrong."""

import os

import pytest
from lib.admin import ask
from lib.crash import CRASHES, IN_THE_MIDDLE, Killer, assert_clean, turn_server
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import wait_until

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


def test_admin_crash_kills_during_repair(filled, dists, chance):
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
    assert killer.killed >= IN_THE_MIDDLE, f"only {killer.killed} kills were in the middle"


def test_admin_crash_kills_during_gc(filled, dists, chance):
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
    assert killer.killed >= IN_THE_MIDDLE, f"only {killer.killed} kills were in the middle"
    wait_until(lambda: len(filled.blob_rows()) >= DISTS, "all are there again")
