"""/packages/: files from the store and while they arrive; ranges, validators, sharing one download."""

import hashlib
import threading

import pytest
from lib.client import Background
from lib.packages import Dist, make_sdist, make_wheel
from lib.pages import file_of, target_of
from lib.tree import Tree
from lib.upstream import Answer
from lib.wait import wait_until


@pytest.fixture
def cached(yizhan, wheel):
    """The server with `wheel` in its store."""
    assert yizhan.get(wheel.path).body == wheel.data
    yizhan.wait_idle()
    return yizhan


# ---- whole files ----


def test_files_miss_then_hit(yizhan, upstream, wheel):
    for _ in range(2):
        response = yizhan.get(wheel.path)
        assert (response.status, response.body, response.complete) == (200, wheel.data, True)
        yizhan.wait_idle()
    assert len(upstream.asked(upstream.tree.file_path(wheel))) == 1
    assert yizhan.blob_path(wheel.sha256).read_bytes() == wheel.data
    assert yizhan.blob_rows()[wheel.sha256] == len(wheel.data)


@pytest.mark.parametrize("state", ["miss", "hit"])
def test_files_headers(yizhan, wheel, state):
    if state == "hit":
        yizhan.get(wheel.path)
        yizhan.wait_idle()
    response = yizhan.get(wheel.path, {"Accept-Encoding": "gzip, deflate"})
    assert response.length == len(wheel.data)
    assert response.header("Content-Encoding") is None
    assert response.header("Transfer-Encoding") is None
    assert response.header("Accept-Ranges") == "bytes"
    assert response.header("ETag").startswith('"')
    cache_control = response.header("Cache-Control").replace(" ", "").split(",")
    assert "immutable" in cache_control and "max-age=365000000" in cache_control


def test_files_etag_is_the_same_on_miss_and_hit(yizhan, wheel):
    first = yizhan.get(wheel.path).header("ETag")
    yizhan.wait_idle()
    assert yizhan.get(wheel.path).header("ETag") == first


def test_files_disposition_keeps_name(cached, wheel):
    """A Content-Disposition would override the name in the URL for pip."""
    disposition = cached.get(wheel.path).header("Content-Disposition")
    assert disposition is None or wheel.filename in disposition


@pytest.mark.parametrize("state", ["miss", "hit"])
def test_files_head_tells_length(yizhan, wheel, state):
    if state == "hit":
        yizhan.get(wheel.path)
        yizhan.wait_idle()
    response = yizhan.head(wheel.path)
    assert (response.status, response.length, response.body) == (200, len(wheel.data), b"")
    assert response.header("Accept-Ranges") == "bytes"


def test_files_head_of_cached_has_headers_of_get(cached, wheel):
    drop = {"date", "connection"}
    get, head = cached.get(wheel.path), cached.head(wheel.path)
    assert sorted(h for h in head.headers if h[0] not in drop) == sorted(h for h in get.headers if h[0] not in drop)


def test_files_empty_file(make_yizhan, make_upstream):
    empty = Dist("sample", "1.0", "sample-1.0.tar.gz", b"")
    yizhan = make_yizhan(make_upstream(Tree.tuna([empty])))
    for _ in range(2):
        response = yizhan.get(empty.path)
        assert (response.status, response.body, response.length) == (200, b"", 0)


def test_files_unknown_is_404(yizhan):
    response = yizhan.get(f"/packages/00/00/{'0' * 60}/sample-9.0.tar.gz")
    assert response.status == 404
    assert response.body


def test_files_survive_restart(cached, upstream, wheel):
    upstream.stop()
    cached.restart()
    assert cached.get(wheel.path).body == wheel.data


# ---- ranges ----


@pytest.mark.parametrize(
    "wanted, start, end",
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=-999999999", 0, None),
        ("bytes=10-99999999999999999999", 10, None),
    ],
)
@pytest.mark.parametrize("state", ["miss", "hit"])
def test_files_range(yizhan, wheel, state, wanted, start, end):
    if state == "hit":
        yizhan.get(wheel.path)
        yizhan.wait_idle()
    response = yizhan.get(wheel.path, {"Range": wanted})
    expected = wheel.data[start:end]
    size = len(wheel.data)
    first = start if start >= 0 else size + start
    assert (response.status, response.body, response.length) == (206, expected, len(expected))
    assert response.header("Content-Range") == f"bytes {first}-{first + len(expected) - 1}/{size}"


def test_files_range_unsatisfiable_is_416(cached, wheel):
    for wanted in (f"bytes={len(wheel.data)}-", "bytes=-0"):
        response = cached.get(wheel.path, {"Range": wanted})
        assert response.status == 416
        assert response.header("Content-Range") == f"bytes */{len(wheel.data)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=9-5", "bytes=a-b", "lines=0-5", "bytes=", "bytes=--5"])
def test_files_range_ignored_when_unfit(cached, wheel, wanted):
    response = cached.get(wheel.path, {"Range": wanted})
    assert (response.status, response.body) == (200, wheel.data)


def test_files_if_range_with_our_etag(cached, wheel):
    etag = cached.get(wheel.path).header("ETag")
    response = cached.get(wheel.path, {"Range": "bytes=5-", "If-Range": etag})
    assert (response.status, response.body) == (206, wheel.data[5:])


@pytest.mark.parametrize("condition", ['"another"', "Tue, 02 Jan 2024 03:04:05 GMT", "weak"])
def test_files_if_range_without_match_sends_all(cached, wheel, condition):
    if condition == "weak":
        condition = "W/" + cached.get(wheel.path).header("ETag")
    response = cached.get(wheel.path, {"Range": "bytes=5-", "If-Range": condition})
    assert (response.status, response.body) == (200, wheel.data)


def test_files_if_none_match_is_304(cached, wheel):
    etag = cached.get(wheel.path).header("ETag")
    response = cached.get(wheel.path, {"If-None-Match": etag})
    assert (response.status, response.header("ETag")) == (304, etag)
    assert response.length in (None, len(wheel.data))


def test_files_range_of_miss_fills_whole_file(yizhan, upstream, wheel):
    assert yizhan.get(wheel.path, {"Range": "bytes=-10"}).status == 206
    yizhan.wait_idle()
    assert yizhan.get(wheel.path).body == wheel.data
    assert len(upstream.asked(upstream.tree.file_path(wheel))) == 1


# ---- while it arrives ----


def hold(upstream, dist, gate_after):
    """The upstream sends so many bytes of the file and waits; returns the event that lets it go on."""
    gate = threading.Event()
    upstream.change(upstream.tree.file_path(dist), body_gate=gate, gate_after=gate_after)
    return gate


def test_files_stream_before_upstream_has_finished(yizhan, upstream, big_wheel):
    gate = hold(upstream, big_wheel, 2 << 20)
    with yizhan.open(big_wheel.path) as exchange:
        assert exchange.head().length == len(big_wheel.data)
        assert exchange.read(1 << 20) == big_wheel.data[: 1 << 20]
        gate.set()
        response = exchange.rest()
    assert (response.complete, response.body) == (True, big_wheel.data)


def test_files_range_of_running_fill(yizhan, upstream, big_wheel):
    """A part is a complete answer too: it is not finished before the whole file is verified."""
    gate = hold(upstream, big_wheel, 2 << 20)
    with yizhan.open(big_wheel.path) as exchange:
        exchange.head()
        middle = Background(yizhan.get, big_wheel.path, {"Range": "bytes=1000-1999"})
        tail = Background(yizhan.get, big_wheel.path, {"Range": "bytes=-1000"})
        gate.set()
        response = middle.result()
        assert (response.status, response.body) == (206, big_wheel.data[1000:2000])
        assert tail.result().body == big_wheel.data[-1000:]
        assert exchange.rest().body == big_wheel.data
    assert len(upstream.asked(upstream.tree.file_path(big_wheel))) == 1


def test_files_range_behind_the_end_of_a_running_fill_is_416(yizhan, upstream, big_wheel):
    gate = hold(upstream, big_wheel, 2 << 20)
    with yizhan.open(big_wheel.path) as exchange:
        exchange.head()
        behind = Background(yizhan.get, big_wheel.path, {"Range": f"bytes={len(big_wheel.data)}-"})
        gate.set()
        response = behind.result()
        assert (response.status, response.header("Content-Range")) == (416, f"bytes */{len(big_wheel.data)}")
        assert exchange.rest().body == big_wheel.data


def test_files_head_of_an_unverified_length_may_not_be_kept(make_yizhan, make_upstream, big_wheel):
    upstream = make_upstream(Tree.aliyun([big_wheel]))
    gate = hold(upstream, big_wheel, 2 << 20)
    yizhan = make_yizhan(upstream)
    response = yizhan.head(big_wheel.path)
    assert (response.status, response.length) == (200, len(big_wheel.data))
    assert response.header("Cache-Control") == "no-store"
    gate.set()
    yizhan.wait_idle()
    assert "immutable" in yizhan.head(big_wheel.path).header("Cache-Control")


def test_files_large_download_that_everybody_left_is_given_up(make_yizhan, upstream, big_wheel):
    yizhan = make_yizhan(upstream, server={"abandon_size": "1M", "abandon_after": "0s"})
    gate = hold(upstream, big_wheel, 2 << 20)
    with yizhan.open(big_wheel.path) as exchange:
        exchange.head()
    yizhan.wait_idle()
    gate.set()
    assert not yizhan.blob_path(big_wheel.sha256).exists()
    assert yizhan.get(big_wheel.path).body == big_wheel.data


def test_files_download_goes_on_when_everybody_left(make_yizhan, upstream, big_wheel):
    yizhan = make_yizhan(upstream, server={"abandon_size": "1G", "abandon_after": "0s"})
    gate = hold(upstream, big_wheel, 2 << 20)
    with yizhan.open(big_wheel.path) as exchange:
        exchange.head()
    yizhan.metrics_at_rest()
    gate.set()
    yizhan.wait_idle()
    assert yizhan.blob_path(big_wheel.sha256).exists()


def test_files_many_clients_one_download(yizhan, upstream, big_wheel):
    gate = hold(upstream, big_wheel, 1 << 20)
    clients = [Background(yizhan.get, big_wheel.path) for _ in range(30)]
    wait_until(lambda: yizhan.metric("connections") > 30, "all clients are there")
    gate.set()
    digests = {hashlib.sha256(client.result().body).hexdigest() for client in clients}
    assert digests == {big_wheel.sha256}
    assert len(upstream.asked(upstream.tree.file_path(big_wheel))) == 1


def test_files_many_clients_wait_for_first_byte(yizhan, upstream, wheel):
    gate = threading.Event()
    path = upstream.tree.file_path(wheel)
    upstream.change(path, gate=gate)
    clients = [Background(yizhan.get, wheel.path) for _ in range(10)]
    wait_until(lambda: upstream.asked(path) and yizhan.metric("connections") > 10, "all clients wait")
    gate.set()
    assert [client.result().body == wheel.data for client in clients] == [True] * 10
    assert len(upstream.asked(path)) == 1


def test_files_slow_reader_does_not_hold_others(make_yizhan, make_upstream):
    large = make_wheel("large", "1.0", size=24 << 20)
    yizhan = make_yizhan(make_upstream(Tree.tuna([large])))
    with yizhan.open(large.path) as slow:
        slow.head()
        assert yizhan.get(large.path).body == large.data
        yizhan.wait_idle()
        assert slow.rest().body == large.data


def test_files_fill_goes_on_without_readers(yizhan, upstream, big_wheel):
    gate = hold(upstream, big_wheel, 1 << 20)
    with yizhan.open(big_wheel.path) as exchange:
        exchange.head()
        exchange.read(1000)
    gate.set()
    yizhan.wait_idle()
    upstream.stop()
    assert yizhan.get(big_wheel.path).body == big_wheel.data


# ---- framing of the upstream ----


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_files_upstream_without_length(yizhan, upstream, big_wheel, framing):
    upstream.change(upstream.tree.file_path(big_wheel), framing=framing)
    yizhan.page("bulky")
    response = yizhan.get(big_wheel.path)
    assert (response.status, response.complete, response.body) == (200, True, big_wheel.data)
    yizhan.wait_idle()
    assert yizhan.get(big_wheel.path).length == len(big_wheel.data)


def test_files_are_asked_for_uncompressed(yizhan, upstream, wheel):
    yizhan.get(wheel.path)
    request = upstream.asked(upstream.tree.file_path(wheel))[0]
    assert request.header("Accept-Encoding") in (None, "identity")


# ---- no page known ----


def test_files_path_without_page_is_verified_by_path(yizhan, upstream, wheel):
    """A lock file's URL on an empty cache: right bytes are served and kept, whether or not a page is asked for."""
    assert yizhan.get(wheel.path).body == wheel.data
    yizhan.wait_idle()
    assert yizhan.blob_path(wheel.sha256).exists()


def test_files_wrong_bytes_without_any_page(make_yizhan, make_upstream, wheel):
    """No upstream has a page; only the path itself says what is right."""
    forged = make_upstream(Tree([]))
    forged.on(wheel.path, Answer(body=wheel.data[:-1] + b"\1"))
    yizhan = make_yizhan(forged)
    response = yizhan.get(wheel.path)
    assert response.status != 200 or not response.complete
    assert not yizhan.blob_files()


def test_files_right_bytes_without_any_page(make_yizhan, make_upstream):
    """The layout of the official index is assumed beside the index."""
    lonely = make_sdist("lonely", "1.0")
    upstream = make_upstream(Tree([]))
    upstream.on(lonely.path, Answer(body=lonely.data))
    assert make_yizhan(upstream).get(lonely.path).body == lonely.data


def test_files_base_is_learned_from_pages(make_yizhan, make_upstream, wheel):
    """Files may lie elsewhere than beside the index."""
    upstream = make_upstream(Tree([]))
    page = Tree([wheel], has_json=False).html_page("sample").replace(b"../../packages/", b"/pool/x/packages/")
    upstream.on("/simple/sample/", Answer(body=page, content_type="text/html"))
    upstream.on(f"/pool/x{wheel.path}", Answer(body=wheel.data))
    yizhan = make_yizhan(upstream)
    assert target_of("sample", file_of(yizhan.page("sample"), wheel.filename)["url"]) == wheel.path
    assert yizhan.get(wheel.path).body == wheel.data


def test_files_base_set_by_hand(make_yizhan, make_upstream, wheel):
    upstream = make_upstream(Tree([]))
    upstream.on(f"/pool/{wheel.official_path}", Answer(body=wheel.data))
    keys = {"index": upstream.url + "/simple/", "files": upstream.url + "/pool/"}
    assert make_yizhan(keys).get(wheel.path).body == wheel.data


def test_files_plus_and_exclamation_are_one_file(make_yizhan, make_upstream):
    epoch = make_wheel("sample", "1!2.0+local1")
    upstream = make_upstream(Tree.tuna([epoch]))
    yizhan = make_yizhan(upstream)
    for target in (epoch.path, epoch.path.replace("+", "%2B").replace("!", "%21")):
        assert yizhan.get(target).body == epoch.data
        yizhan.wait_idle()
    assert len(upstream.asked(upstream.tree.file_path(epoch))) == 1


def test_files_of_same_content_share_a_blob(make_yizhan, make_upstream):
    one = make_sdist("sample", "1.0")
    other = Dist("sample", "1.0", "sample-1.0.post1.tar.gz", one.data)
    yizhan = make_yizhan(make_upstream(Tree.tuna([one, other])))
    assert yizhan.get(one.path).body == yizhan.get(other.path).body == one.data
    yizhan.wait_idle()
    assert [path for path in yizhan.blob_files() if path == yizhan.blob_path(one.sha256)] == [
        yizhan.blob_path(one.sha256)
    ]
