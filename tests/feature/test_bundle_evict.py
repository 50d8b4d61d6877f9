"""yizhan export and yizhan import while the server evicts: what they are about to need stays."""

import subprocess

import pytest
from lib.admin import ask, command
from lib.bundles import export
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import PATIENCE_S, wait_until

MIB = 1 << 20
DAY_S = 86400


@pytest.fixture
def old():
    return [make_wheel(f"old-{number}", "1.0", size=MIB) for number in range(4)]


@pytest.fixture
def new():
    return [make_wheel(f"new-{number}", "1.0", size=MIB) for number in range(4)]


@pytest.fixture
def upstream(make_upstream, old, new):
    return make_upstream(Tree.tuna(old + new))


@pytest.fixture
def small(make_yizhan, upstream):
    """A server with room for five of the wheels."""
    return make_yizhan(upstream, storage={"max_size": "5600K"})


def fetch(yizhan, dists):
    for dist in dists:
        yizhan.page(dist.project)
        assert yizhan.get(dist.path).body == dist.data
    yizhan.wait_idle()


def evict_for(yizhan, dists):
    """Fetches them a day later, which is more than there is room for."""
    yizhan.advance(DAY_S)
    fetch(yizhan, dists)
    ask(yizhan, "gc")
    assert yizhan.metric("store_evicted_total") > 0


def begin(yizhan, *arguments, **pipes):
    return subprocess.Popen(
        command(yizhan, *arguments), stderr=subprocess.PIPE, env=yizhan.environment, cwd=yizhan.folder, **pipes
    )


def test_bundle_export_goes_on_while_the_server_evicts(small, old, new, make_yizhan, tmp_path):
    fetch(small, old)
    sender = begin(small, "export", "-o", "-", "--all", stdout=subprocess.PIPE)
    bundle = sender.stdout.read(512)
    evict_for(small, new)
    bundle += sender.stdout.read()
    sender.stdout.close()
    with sender.stderr as told:
        assert (sender.wait(PATIENCE_S), told.read()) == (0, b"")
    (tmp_path / "b.tar").write_bytes(bundle)
    there = make_yizhan(server={"offline": "yes"})
    ask(there, "import", tmp_path / "b.tar")
    for dist in old:
        assert there.get(dist.path).body == dist.data


def test_bundle_export_holds_nothing_when_it_has_ended(small, old, new, tmp_path):
    fetch(small, old)
    export(small, tmp_path / "b.tar", "--all")
    evict_for(small, new)
    assert sum(small.blob_path(dist.sha256).exists() for dist in old) == 1
    assert all(small.blob_path(dist.sha256).exists() for dist in new)


def test_bundle_import_goes_on_while_the_server_evicts(small, old, new, make_yizhan, upstream, tmp_path):
    source = make_yizhan(upstream)
    fetch(source, old)
    bundle = export(source, tmp_path / "b.tar", "--all").read_bytes()
    taker = begin(small, "import", "-", stdin=subprocess.PIPE)
    taker.stdin.write(bundle[: 2 * len(bundle) // 3])
    taker.stdin.flush()
    wait_until(lambda: len(small.blob_files()) >= len(old) // 2, "the first wheels are there")
    evict_for(small, new)
    taker.stdin.write(bundle[2 * len(bundle) // 3 :])
    taker.stdin.close()
    with taker.stderr as told:
        assert (taker.wait(PATIENCE_S), told.read()) == (0, b"")
    for dist in old:
        assert small.blob_path(dist.sha256).exists()
