"""kill -9 while lists are prefetched: nothing is lost, a verification finds nothing wrong, and the command carries on."""

import hashlib
import random

import pytest
from lib.admin import ask
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import wait_until
from test_admin_crash import CRASHES, SEED, Killer, turn_server

DISTS = 60
SIZE = 100 << 10
CHOICE = ["--python", "3.11", "--platform", "linux_x86_64", "--no-deps"]


@pytest.fixture
def dists():
    return [make_wheel(f"crash{number}", "1.0", size=SIZE) for number in range(DISTS)]


def assert_whole(yizhan, dists):
    """What the index names is there, and is right."""
    summary = ask(yizhan, "verify", "--rate", "0").summary
    assert summary["faults"] == 0 and summary["blobs"] == len(yizhan.blob_rows())
    held = yizhan.blob_rows()
    for dist in dists:
        if dist.sha256 in held:
            assert hashlib.sha256(yizhan.blob_path(dist.sha256).read_bytes()).hexdigest() == dist.sha256


def test_prefetch_crash_fifty_kills(make_yizhan, make_nginx, dists, tmp_path):
    nginx = make_nginx(Tree.tuna(dists))
    yizhan = make_yizhan(nginx)
    chance = random.Random(SEED)
    killer = Killer(yizhan, chance)
    names = [dist.name for dist in dists]
    for turn in range(CRASHES + 2):
        turn_server(yizhan, turn)
        before = set(yizhan.blob_rows())
        killer.run("prefetch", *CHOICE, *names)
        turn_server(yizhan, turn)
        assert before <= set(yizhan.blob_rows())
        assert_whole(yizhan, dists)
        result = ask(yizhan, "prefetch", *CHOICE, *names)
        assert result.summary["failed"] == 0
        assert all(yizhan.blob_path(dist.sha256).read_bytes() == dist.data for dist in dists)
        # The index hears of files in groups, right behind.
        wait_until(lambda: {dist.sha256 for dist in dists} <= set(yizhan.blob_rows()), "the index has all")
        for dist in chance.sample(dists, DISTS // 2):
            ask(yizhan, "purge", f"pypi:{dist.name}")
    assert killer.killed >= CRASHES // 5, f"only {killer.killed} kills were in the middle"
