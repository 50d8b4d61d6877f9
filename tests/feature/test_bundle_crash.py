"""kill -9 while a bundle is imported or exported: nothing is lost, a verification finds nothing wrong, and the command
carries on when it is run again."""

import shutil

import pytest
from lib.admin import ask
from lib.bundles import export, load, names_held, names_in, read_bundle
from lib.crash import CRASHES, IN_THE_MIDDLE, Killer, assert_clean, turn_server
from lib.packages import make_wheel
from lib.tree import Tree

DISTS = 60
SIZE = 100 << 10
TARGET = ["--python", "3.11", "--platform", "linux_x86_64"]


@pytest.fixture
def dists():
    return [make_wheel(f"crash{number}", "1.0", size=SIZE) for number in range(DISTS)]


@pytest.fixture
def source(make_yizhan, make_upstream, dists):
    """It holds all dists."""
    yizhan = make_yizhan(make_upstream(Tree.tuna(dists)))
    ask(yizhan, "prefetch", *(f"pypi:{dist.name}" for dist in dists), *TARGET)
    return yizhan


@pytest.fixture
def target(make_yizhan, source, tmp_path):
    """A store that holds the first ten; as it was it lies in `before`."""
    yizhan = make_yizhan(server={"offline": "yes"}, start=False)
    load(yizhan, export(source, tmp_path / "base.tar", *(f"pypi:crash{number}" for number in range(10))))
    shutil.copytree(yizhan.store, tmp_path / "before")
    return yizhan


def reset(yizhan, before):
    yizhan.stop()
    shutil.rmtree(yizhan.store)
    shutil.copytree(before, yizhan.store)


def assert_names_last(yizhan, base, new_names, blobs):
    """Whoever sees a name of the bundle can have all of it."""
    held = names_held(yizhan)
    assert base <= held
    if held & new_names:
        assert yizhan.blob_rows() == blobs


@pytest.mark.parametrize("name", ["all.tar", "all.tar.zst"])
def test_bundle_crash_kills_during_import(source, target, dists, tmp_path, name, chance):
    plain = export(source, tmp_path / "all.tar", "--all")
    bundle = export(source, tmp_path / name, "--all")
    blobs, base = read_bundle(plain)[1], names_held(target)
    new_names = names_in(plain) - base
    killer = Killer(target, chance)
    for turn in range(CRASHES + 2):
        reset(target, tmp_path / "before")
        turn_server(target, turn)
        killer.run("import", bundle)
        turn_server(target, turn)
        assert_clean(target)
        assert_names_last(target, base, new_names, blobs)
        load(target, bundle)
        assert_clean(target)
        assert target.blob_rows() == blobs and names_held(target) == base | new_names
    assert killer.killed >= IN_THE_MIDDLE, f"only {killer.killed} kills were in the middle"
    if not target.running:
        target.start()
    assert all(target.get(dist.path).body == dist.data for dist in dists)


def test_bundle_crash_kills_during_export(source, tmp_path, chance):
    killer = Killer(source, chance)
    blobs = source.blob_rows()
    bundle = tmp_path / "all.tar"
    for turn in range(CRASHES + 2):
        turn_server(source, turn)
        bundle.unlink(missing_ok=True)
        killer.run("export", "-o", bundle, "--all")
        if bundle.exists():  # it came to its end
            assert read_bundle(bundle)[1] == blobs
        turn_server(source, turn)
        assert_clean(source)
        assert read_bundle(export(source, bundle, "--all"))[1] == blobs
        assert sorted(path.name for path in tmp_path.glob("all.tar*")) == ["all.tar"]
    assert killer.killed >= IN_THE_MIDDLE, f"only {killer.killed} kills were in the middle"


def test_bundle_crash_leftovers_enter_the_next_import(source, target, tmp_path, chance):
    """Blobs that came before a kill are not written twice."""
    bundle = export(source, tmp_path / "all.tar", "--all")
    killer = Killer(target, chance)
    fresh = len(read_bundle(bundle)[1]) - len(target.blob_rows())
    skipped = 0
    for _ in range(10):
        reset(target, tmp_path / "before")
        killer.run("import", bundle)
        summary = load(target, bundle)
        assert summary["blobs"] <= fresh
        skipped += fresh - summary["blobs"]
    assert skipped > 0
