"""kill -9 while lists are prefetched: nothing is lost, a verification finds nothing wrong, and the command carries on."""

import pytest
from lib.admin import ask
from lib.crash import CRASHES, IN_THE_MIDDLE, Killer, assert_clean, turn_server
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import wait_until

DISTS = 60
SIZE = 100 << 10
CHOICE = ["--python", "3.11", "--platform", "linux_x86_64", "--no-deps", "--versions", "all"]


@pytest.fixture
def dists():
    return [make_wheel("crash", f"{number}.0", size=SIZE) for number in range(DISTS)]


def test_prefetch_crash_kills(make_yizhan, make_nginx, dists, chance):
    nginx = make_nginx(Tree.tuna(dists))
    yizhan = make_yizhan(nginx)
    killer = Killer(yizhan, chance)
    for turn in range(CRASHES + 2):
        turn_server(yizhan, turn)
        before = set(yizhan.blob_rows())
        killer.run("prefetch", *CHOICE, "crash")
        turn_server(yizhan, turn)
        assert before <= set(yizhan.blob_rows())
        assert_clean(yizhan)
        result = ask(yizhan, "prefetch", *CHOICE, "crash")
        assert result.summary["failed"] == 0
        assert all(yizhan.blob_path(dist.sha256).read_bytes() == dist.data for dist in dists)
        # The index hears of files in groups, right behind.
        wait_until(lambda: {dist.sha256 for dist in dists} <= set(yizhan.blob_rows()), "the index has all")
        ask(yizhan, "purge", f"pypi:crash>={chance.randrange(DISTS)}")
    assert killer.killed >= IN_THE_MIDDLE, f"only {killer.killed} kills were in the middle"
