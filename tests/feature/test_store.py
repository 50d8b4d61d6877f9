"""The store on disk: restart, lost and damaged parts, eviction, full and read-only disks."""

import os
import shutil
import signal
import threading

import pytest
from lib.client import Background
from lib.packages import make_wheel
from lib.pages import file_of
from lib.tree import Tree
from lib.wait import wait_until
from lib.yizhan import on_tmpfs

MB = 1 << 20


@pytest.fixture
def cached(yizhan, upstream, wheel):
    """A stopped server with `wheel`, its page and its metadata in the store."""
    yizhan.page("sample")
    assert yizhan.get(wheel.path).body == wheel.data
    yizhan.wait_idle()
    yizhan.stop()
    return yizhan


def file_requests(upstream, dist):
    return len(upstream.asked(upstream.tree.file_path(dist)))


# ---- restart ----


def test_store_restart_serves_everything_without_upstreams(cached, upstream, wheel):
    upstream.stop()
    cached.start()
    assert file_of(cached.page("sample"), wheel.filename)
    assert cached.get(wheel.path).body == wheel.data
    assert cached.get(wheel.path + ".metadata").body == wheel.metadata


def test_store_layout_is_as_documented(cached, wheel):
    assert cached.blob_path(wheel.sha256).read_bytes() == wheel.data
    assert (cached.store / "index.db").exists() and (cached.store / "lock").exists()
    assert list((cached.store / "tmp").iterdir()) == []


def test_store_leftovers_are_swept_at_start(cached):
    (cached.store / "tmp" / "123.part").write_bytes(b"half a file")
    cached.start()
    assert list((cached.store / "tmp").iterdir()) == []


def test_store_stop_while_filling_leaves_no_part(yizhan, upstream, big_wheel):
    gate = threading.Event()
    upstream.change(upstream.tree.file_path(big_wheel), body_gate=gate, gate_after=2 * MB)
    client = Background(yizhan.get, big_wheel.path)
    wait_until(lambda: yizhan.metric("upstream_bytes_total") >= 2 * MB, "half of the file is here")
    yizhan.stop(waits=True)
    assert not client.result().complete
    gate.set()
    assert not yizhan.blob_path(big_wheel.sha256).exists()
    yizhan.start()
    assert list((yizhan.store / "tmp").iterdir()) == []
    assert yizhan.get(big_wheel.path).body == big_wheel.data


def test_store_stop_answers_or_cuts_waiting_clients(yizhan, upstream):
    gate = threading.Event()
    upstream.change("/simple/sample/", gate=gate)
    clients = [Background(try_get, yizhan, "/simple/sample/") for _ in range(5)]
    wait_until(lambda: upstream.asked("/simple/sample/"), "the fill runs")
    yizhan.stop(waits=True)
    gate.set()
    assert all(client.result() in (None, 503) for client in clients)


def try_get(yizhan, target):
    try:
        return yizhan.get(target).status
    except ConnectionError:
        return None


# ---- lost and damaged parts ----


def test_store_lost_index_keeps_blobs(cached, upstream, wheel):
    for name in os.listdir(cached.store):
        if name.startswith("index.db"):
            (cached.store / name).unlink()
    cached.start()
    assert cached.blob_rows() == {path.parent.name + path.name: path.stat().st_size for path in cached.blob_files()}
    cached.page("sample")
    assert cached.get(wheel.path).body == wheel.data
    assert file_requests(upstream, wheel) == 1


@pytest.mark.parametrize("damage", ["head", "middle", "text", "empty"])
def test_store_damaged_index_is_rebuilt(cached, upstream, wheel, damage):
    index = cached.store / "index.db"
    data = bytearray(index.read_bytes())
    if damage == "head":
        data[:100] = bytes(100)
    elif damage == "middle":
        data[4096:] = b"\xa5" * (len(data) - 4096)
    elif damage == "text":
        data = b"this is no database"
    else:
        data = b""
    index.write_bytes(data)
    cached.start()
    cached.page("sample")
    assert cached.get(wheel.path).body == wheel.data
    assert file_requests(upstream, wheel) == 1
    assert wheel.sha256 in cached.blob_rows()
    if damage != "empty":
        assert "index" in cached.stderr


def test_store_missing_blob_is_a_miss(cached, upstream, wheel):
    cached.blob_path(wheel.sha256).unlink()
    cached.start()
    response = cached.get(wheel.path)
    assert (response.status, response.body) == (200, wheel.data)
    cached.wait_idle()
    assert cached.blob_path(wheel.sha256).read_bytes() == wheel.data


def test_store_missing_blob_while_running_is_a_miss(yizhan, upstream, big_wheel):
    yizhan.get(big_wheel.path)
    yizhan.wait_idle()
    yizhan.blob_path(big_wheel.sha256).unlink()
    response = yizhan.get(big_wheel.path)
    assert (response.status, response.body) == (200, big_wheel.data)
    assert file_requests(upstream, big_wheel) == 2


def test_store_truncated_blob_is_fetched_again(yizhan, upstream, big_wheel):
    yizhan.get(big_wheel.path)
    yizhan.wait_idle()
    os.truncate(yizhan.blob_path(big_wheel.sha256), 1000)
    response = yizhan.get(big_wheel.path)
    assert (response.status, response.complete, response.body) == (200, True, big_wheel.data)
    yizhan.wait_idle()
    assert yizhan.blob_path(big_wheel.sha256).stat().st_size == len(big_wheel.data)


def test_store_missing_blobs_of_pages_are_a_miss(cached, upstream, wheel):
    """Every blob is gone, the index still names them."""
    for path in cached.blob_files():
        path.unlink()
    cached.start()
    assert file_of(cached.page("sample"), wheel.filename)
    assert cached.get(wheel.path).body == wheel.data
    assert cached.get(wheel.path + ".metadata").body == wheel.metadata


def test_store_missing_blob_without_upstream_is_503(cached, upstream, wheel):
    cached.blob_path(wheel.sha256).unlink()
    upstream.stop()
    cached.start()
    assert cached.get(wheel.path).status == 503


def test_store_deleted_folders_are_made_again(cached, wheel):
    shutil.rmtree(cached.store / "blobs")
    shutil.rmtree(cached.store / "tmp")
    cached.start()
    assert cached.get(wheel.path).body == wheel.data
    cached.wait_idle()
    assert cached.blob_path(wheel.sha256).exists()


def test_store_page_unreadable_on_disk_is_fetched_again(cached, upstream, wheel):
    """The blob of the page was changed behind our back, to the same length."""
    for path in cached.blob_files():
        if path != cached.blob_path(wheel.sha256):
            path.write_bytes(b"\0" * path.stat().st_size)
    cached.start()
    assert file_of(cached.page("sample"), wheel.filename)


# ---- eviction ----


@pytest.fixture
def wheels():
    return [make_wheel(f"bulk{number}", "1.0", size=3 * MB) for number in range(5)]


def test_store_evicts_down_to_max_size(make_yizhan, make_upstream, wheels):
    yizhan = make_yizhan(make_upstream(Tree.tuna(wheels)), storage={"max_size": "8M"})
    for dist in wheels:
        assert yizhan.get(dist.path).body == dist.data
        yizhan.wait_idle()
        yizhan.advance(60)
    wait_until(lambda: yizhan.metric("store_evicted_total") >= 3, "the store shrinks")
    on_disk = sum(path.stat().st_size for path in yizhan.blob_files())
    assert on_disk == yizhan.metric("store_bytes") <= 8 * MB
    assert yizhan.blob_path(wheels[-1].sha256).exists()
    assert yizhan.get(wheels[0].path).body == wheels[0].data


def test_store_evicts_what_was_not_used_for_longest(make_yizhan, make_upstream, wheels):
    yizhan = make_yizhan(make_upstream(Tree.tuna(wheels)), storage={"max_size": "8M"})
    for dist in (wheels[0], wheels[1], wheels[0], wheels[2]):
        assert yizhan.get(dist.path).body == dist.data
        yizhan.wait_idle()
        yizhan.advance(3600)
    wait_until(lambda: yizhan.metric("store_bytes") <= 8 * MB, "the store shrinks")
    kept = [yizhan.blob_path(dist.sha256).exists() for dist in wheels[:3]]
    assert kept == [True, False, True]


def test_store_never_evicts_what_is_being_read(make_yizhan, make_upstream, wheels):
    large = make_wheel("large", "1.0", size=24 * MB)
    yizhan = make_yizhan(make_upstream(Tree.tuna([large, *wheels])), storage={"max_size": "26M"})
    assert yizhan.get(large.path).body == large.data
    yizhan.wait_idle()
    with yizhan.open(large.path) as exchange:
        exchange.head()
        yizhan.advance(3600)
        for dist in wheels[:3]:
            assert yizhan.get(dist.path).body == dist.data
            yizhan.wait_idle()
            yizhan.advance(60)
        assert yizhan.blob_path(large.sha256).exists()
        assert exchange.rest().body == large.data


def test_store_smaller_max_size_counts_after_reload(make_yizhan, make_upstream, wheels):
    upstream = make_upstream(Tree.tuna(wheels))
    yizhan = make_yizhan(upstream, storage={"max_size": "100M"})
    for dist in wheels:
        yizhan.get(dist.path)
    yizhan.wait_idle()
    yizhan.configure([upstream], storage={"max_size": "8M"})
    yizhan.reload()
    wait_until(lambda: yizhan.metric("store_bytes") <= 8 * MB, "the store shrinks")


def test_store_file_larger_than_max_size_is_served(make_yizhan, make_upstream, big_wheel):
    yizhan = make_yizhan(make_upstream(Tree.tuna([big_wheel])), storage={"max_size": "1M"})
    for _ in range(2):
        assert yizhan.get(big_wheel.path).body == big_wheel.data
        yizhan.wait_idle()


# ---- disks ----


@pytest.fixture
def small_disk(make_yizhan, make_upstream, wheels):
    """A server whose store lies on a disk of its own."""

    def make(size, *dists, **storage):
        yizhan = make_yizhan(make_upstream(Tree.tuna([*dists, *wheels])), start=False, storage=storage)
        yizhan.wrapper = on_tmpfs(yizhan.store, f"size={size}")
        return yizhan.start()

    return make


def seen(yizhan, path):
    """The path as the server sees it."""
    return f"/proc/{yizhan.process.pid}/root{path}"


def fill_up(yizhan):
    """To the last page."""
    with open(seen(yizhan, yizhan.store / "ballast"), "ab", buffering=0) as ballast:
        for block in (bytes(65536), bytes(4096)):
            with pytest.raises(OSError):
                while True:
                    ballast.write(block)


def test_store_full_disk_passes_through(small_disk):
    large = make_wheel("large", "1.0", size=24 * MB)
    yizhan = small_disk("8m", large)
    for _ in range(2):
        response = yizhan.get(large.path)
        assert (response.status, response.complete) == (200, True)
        assert response.body == large.data
    assert yizhan.metric("fills_uncached_total") >= 1


def test_store_full_disk_passes_through_to_many(small_disk):
    large = make_wheel("large", "1.0", size=24 * MB)
    yizhan = small_disk("8m", large)
    clients = [Background(yizhan.get, large.path) for _ in range(5)]
    assert all(client.result().body == large.data for client in clients)


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_store_full_disk_refuses_what_must_be_whole(make_yizhan, make_upstream, suffix):
    """Without a length, or for its metadata, the wheel must be there before the answer begins: more than what is kept
    in memory cannot be passed through then, and nobody waits for it for ever."""
    large = make_wheel("large", "1.0", size=80 * MB)
    upstream = make_upstream(Tree.aliyun([large]))
    upstream.change(upstream.tree.file_path(large), framing="chunked")
    yizhan = make_yizhan(upstream, storage={"max_size": "1M"})
    response = yizhan.get(large.path + suffix)
    assert response.status == 503
    assert "no room" in response.text
    assert yizhan.get("/simple/large/").status == 200


def test_store_disk_full_of_other_things(small_disk, wheels):
    """Nothing of ours can be evicted, everything is still served, the page too."""
    yizhan = small_disk("6m")
    fill_up(yizhan)
    for dist in wheels[:2]:
        assert file_of(yizhan.page(dist.project), dist.filename)
        response = yizhan.get(dist.path)
        assert (response.status, response.complete) == (200, True) and response.body == dist.data
    os.unlink(seen(yizhan, yizhan.store / "ballast"))
    assert yizhan.get(wheels[2].path).body == wheels[2].data
    yizhan.wait_idle()
    before = yizhan.metric("upstream_requests_total")
    assert yizhan.get(wheels[2].path).body == wheels[2].data
    assert yizhan.metric("upstream_requests_total") == before, "the store works again"


def test_store_full_disk_does_not_fill_the_log(small_disk, wheels):
    """A file is gone, and its row cannot be removed: that is found out by each request anew."""
    yizhan = small_disk("6m")
    assert yizhan.get(wheels[0].path).body == wheels[0].data
    yizhan.wait_idle()
    os.unlink(seen(yizhan, yizhan.blob_path(wheels[0].sha256)))
    fill_up(yizhan)
    for _ in range(20):
        yizhan.head(wheels[0].path, {"Cache-Control": "only-if-cached"})
        yizhan.wait_idle()
    assert 1 <= yizhan.stderr.count("is gone") <= 2
    os.unlink(seen(yizhan, yizhan.store / "ballast"))
    assert yizhan.get(wheels[0].path).body == wheels[0].data


def test_store_full_disk_evicts_first(small_disk, wheels):
    yizhan = small_disk("9m")
    for dist in wheels:
        assert yizhan.get(dist.path).body == dist.data
        yizhan.wait_idle()
        yizhan.advance(60)
    assert yizhan.metric("store_evicted_total") >= 2
    assert os.path.exists(seen(yizhan, yizhan.blob_path(wheels[-1].sha256)))


def test_store_min_free_is_kept(small_disk, wheels):
    yizhan = small_disk("16m", min_free="6M")
    for dist in wheels:
        assert yizhan.get(dist.path).body == dist.data
        yizhan.wait_idle()
        yizhan.advance(60)

    def free_bytes():
        figures = os.statvfs(seen(yizhan, yizhan.store))
        return figures.f_bavail * figures.f_frsize

    wait_until(lambda: free_bytes() >= 6 * MB, "enough is free")


def test_store_kill_leaves_lock_free(yizhan, wheel):
    yizhan.get(wheel.path)
    yizhan.process.send_signal(signal.SIGKILL)
    yizhan.process.wait()
    yizhan.process = None
    yizhan.start()
    assert yizhan.get(wheel.path).body == wheel.data
