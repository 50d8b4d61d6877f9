"""Upstreams that lie, break or attack: a logged sentence, the next upstream, the store untouched."""

import gzip
import hashlib
import json
import threading

import pytest
from lib.client import Background
from lib.packages import make_wheel
from lib.pages import JSON_TYPE, file_of
from lib.tree import HTML_TYPE, Tree
from lib.upstream import Answer
from lib.wait import wait_until

PAGE = "/simple/sample/"


@pytest.fixture
def both(make_yizhan, pair):
    return make_yizhan(*pair, pypi={"max_page": "1M"})


def spoil(data, at):
    """One wrong byte."""
    return data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]


def no_blob_of(yizhan, data):
    yizhan.wait_idle()
    return not yizhan.blob_path(hashlib.sha256(data).hexdigest()).exists()


# ---- wrong bytes in files ----


@pytest.mark.parametrize("back", [1, 700])
def test_bad_upstreams_wrong_byte_at_the_end_never_completes(yizhan, upstream, big_wheel, back):
    forged = spoil(big_wheel.data, len(big_wheel.data) - back)
    upstream.on(upstream.tree.file_path(big_wheel), Answer(body=forged))
    response = yizhan.get(big_wheel.path)
    assert response.status == 503 or (response.status == 200 and not response.complete)
    assert len(response.body) < len(big_wheel.data)
    assert no_blob_of(yizhan, forged)
    assert yizhan.metric("upstream_mismatches_total") >= 1
    assert big_wheel.filename in yizhan.stderr


def test_bad_upstreams_wrong_byte_at_the_end_next_serves(both, pair, big_wheel):
    """The clients have right bytes so far: with the next upstream's, they finish."""
    forged = spoil(big_wheel.data, len(big_wheel.data) - 700)
    pair[0].on(pair[0].tree.file_path(big_wheel), Answer(body=forged))
    response = both.get(big_wheel.path)
    assert not response.complete or response.body == big_wheel.data
    assert both.get(big_wheel.path).body == big_wheel.data
    assert no_blob_of(both, forged)


def test_bad_upstreams_wrong_byte_at_the_start_cuts_readers(both, pair, big_wheel):
    """A client that has taken wrong bytes is never finished; the next one gets the file."""
    forged = spoil(big_wheel.data, 10)
    gate = threading.Event()
    answer = Answer(body=forged, body_gate=gate, gate_after=2 << 20)
    pair[0].on(pair[0].tree.file_path(big_wheel), answer)
    with both.open(big_wheel.path) as exchange:
        exchange.head()
        exchange.read(1 << 20)
        gate.set()
        assert not exchange.rest().complete
    assert both.get(big_wheel.path).body == big_wheel.data
    assert both.metric("readers_cut_total") >= 1


@pytest.mark.parametrize("wanted", [None, "bytes=0-299999"])
def test_bad_upstreams_shorter_file_never_completes(make_upstream, make_yizhan, big_wheel, wanted):
    """The page tells no size, and what came first was the file without its end: the length told is wrong."""
    tree = Tree.aliyun([big_wheel])
    liar, honest = make_upstream(tree), make_upstream(tree)
    gate = threading.Event()
    short = Answer(body=big_wheel.data[:-1000], body_gate=gate, gate_after=1 << 20)
    liar.on(tree.file_path(big_wheel), short)
    yizhan = make_yizhan(liar, honest)
    yizhan.page(big_wheel.project)
    with yizhan.open(big_wheel.path, {"Range": wanted} if wanted else {}) as exchange:
        exchange.head()
        exchange.read(100000)
        gate.set()
        assert not exchange.rest().complete
    assert yizhan.get(big_wheel.path).body == big_wheel.data


@pytest.mark.parametrize("honest, status", [(True, 206), (False, 503)])
def test_bad_upstreams_range_behind_a_length_that_may_be_wrong(make_upstream, make_yizhan, big_wheel, honest, status):
    """That it lies outside is only said of a length that has been verified."""
    tree = Tree.aliyun([big_wheel])
    liar, other = make_upstream(tree), make_upstream(tree)
    gate = threading.Event()
    short = Answer(body=big_wheel.data[:-1000], body_gate=gate, gate_after=1 << 20)
    liar.on(tree.file_path(big_wheel), short)
    if not honest:
        other.on(tree.file_path(big_wheel), Answer(403))
    yizhan = make_yizhan(liar, other)
    yizhan.page(big_wheel.project)
    with yizhan.open(big_wheel.path) as exchange:
        exchange.head()
        behind = Background(yizhan.get, big_wheel.path, {"Range": f"bytes={len(short.body) + 10}-"})
        wait_until(lambda: yizhan.metric("connections") == 3, "both are there")
        gate.set()
        response = behind.result()
    assert response.status == status
    assert (response.body == big_wheel.data[len(short.body) + 10 :]) == honest


def test_bad_upstreams_wrong_bytes_many_clients(both, pair, big_wheel):
    forged = spoil(big_wheel.data, len(big_wheel.data) // 2)
    gate = threading.Event()
    pair[0].on(pair[0].tree.file_path(big_wheel), Answer(body=forged, body_gate=gate, gate_after=3 << 20))
    clients = [Background(both.get, big_wheel.path) for _ in range(10)]
    wait_until(lambda: both.metric("connections") > 10, "all clients are there")
    gate.set()
    for client in clients:
        response = client.result()
        assert not response.complete or response.body == big_wheel.data


def test_bad_upstreams_wrong_small_file(both, pair, wheel):
    """Nothing of a small file is sent before it is verified."""
    pair[0].on(pair[0].tree.file_path(wheel), Answer(body=spoil(wheel.data, 5)))
    response = both.get(wheel.path)
    assert (response.status, response.complete, response.body) == (200, True, wheel.data)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_bad_upstreams_truncated_file(both, pair, wheel, framing):
    """Whole by its framing, but short."""
    pair[0].on(pair[0].tree.file_path(wheel), Answer(body=wheel.data[:-10], framing=framing))
    both.page("sample")
    response = both.get(wheel.path)
    assert (response.complete, response.body) == (True, wheel.data)


def test_bad_upstreams_overlong_file(both, pair, big_wheel):
    pair[0].on(pair[0].tree.file_path(big_wheel), Answer(body=big_wheel.data + b"more"))
    response = both.get(big_wheel.path)
    assert not response.complete or response.body == big_wheel.data
    assert both.get(big_wheel.path).body == big_wheel.data


@pytest.mark.parametrize("lie", [-100, 100])
def test_bad_upstreams_wrong_content_length(both, pair, wheel, lie):
    path = pair[0].tree.file_path(wheel)
    pair[0].change(path, length=len(wheel.data) + lie)
    both.page("sample")
    assert both.get(wheel.path).body == wheel.data


def test_bad_upstreams_endless_file(both, pair, big_wheel):
    """It never ends by itself: the length that the page tells ends it."""
    path = pair[0].tree.file_path(big_wheel)
    pair[0].change(path, framing="chunked", endless=bytes(65536))
    both.page("bulky")
    response = both.get(big_wheel.path)
    assert not response.complete or response.body == big_wheel.data
    assert both.get(big_wheel.path).body == big_wheel.data


def test_bad_upstreams_compressed_file_is_not_taken(both, pair, wheel):
    """Content-Encoding that was not asked for is not the file."""
    packed = Answer(body=gzip.compress(wheel.data), headers=(("Content-Encoding", "gzip"),))
    pair[0].on(pair[0].tree.file_path(wheel), packed)
    assert both.get(wheel.path).body == wheel.data


def test_bad_upstreams_empty_file_instead(both, pair, wheel):
    pair[0].on(pair[0].tree.file_path(wheel), Answer(body=b""))
    assert both.get(wheel.path).body == wheel.data


def test_bad_upstreams_portal_instead_of_file(both, pair, wheel):
    """A captive portal answers everything with its log-in page and status 200."""
    pair[0].on_everything(Answer(body=b"<html><body>Please log in</body></html>", content_type=HTML_TYPE))
    assert file_of(both.page("sample"), wheel.filename)
    assert both.get(wheel.path).body == wheel.data
    assert both.get(wheel.path + ".metadata").body == wheel.metadata


def test_bad_upstreams_portal_instead_of_unhashed_file(make_yizhan, make_upstream, wheel):
    """No hash is known: what is plainly no wheel is refused."""
    upstream = make_upstream(Tree([wheel], flat=True, hashes=""))
    yizhan = make_yizhan(upstream)
    target = file_of(yizhan.page("sample"), wheel.filename)["url"][5:]
    portal = b"<html>Please log in</html>"
    upstream.on(upstream.tree.file_path(wheel), Answer(body=portal, content_type=HTML_TYPE))
    assert yizhan.get(target).status == 503
    assert no_blob_of(yizhan, portal)
    upstream.forget()
    yizhan.advance(70)
    assert yizhan.get(target).body == wheel.data


# ---- bad pages ----


BAD_PAGES = {
    "empty": b"",
    "text": b"Internal error, please try again",
    "portal": b"<html><head><title>WiFi</title></head><body><form action='/login'><input></form></body></html>",
    "half JSON": b'{"meta": {"api-version": "1.0"}, "name": "sample", "files": [{"filename": "sample-1.0.tar',
    "JSON of something else": b'{"error": "not authorised"}',
    "JSON list": b"[1, 2, 3]",
    "deep JSON": b"[" * 100_000,
    "deep JSON in a page": b'{"meta": {"api-version": "1.0"}, "name": "sample", "files": ' + b'{"a":' * 50_000,
    "other project": b'{"meta": {"api-version": "1.0"}, "name": "other", "files": []}',
    "version 2": b'{"meta": {"api-version": "2.0"}, "name": "sample", "files": []}',
    "not UTF-8": b'{"meta": {"api-version": "1.0"}, "name": "sample", "files": [{"filename": "\xff\xfe"}]}',
    "binary": bytes(range(256)) * 64,
}


@pytest.mark.parametrize("kind", BAD_PAGES)
def test_bad_upstreams_page_goes_to_next(both, pair, wheel, kind):
    body = BAD_PAGES[kind]
    is_json = body[:1] in (b"{", b"[")
    pair[0].on(PAGE, Answer(body=body, content_type=JSON_TYPE if is_json else HTML_TYPE))
    assert file_of(both.page("sample"), wheel.filename)["hashes"] == {"sha256": wheel.sha256}
    assert "sample" in both.stderr


@pytest.mark.parametrize("kind", ["portal", "half JSON", "binary"])
def test_bad_upstreams_page_everywhere_is_503(both, pair, kind):
    for upstream in pair:
        upstream.on(PAGE, Answer(body=BAD_PAGES[kind], content_type=HTML_TYPE))
    response = both.get(PAGE)
    assert response.status == 503
    assert response.header("Retry-After")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_bad_upstreams_oversized_page_goes_to_next(both, pair, wheel, framing):
    page = pair[0].tree.html_page("sample") + b"<!-- " + b"x" * (2 << 20) + b" -->"
    pair[0].on(PAGE, Answer(body=page, content_type=HTML_TYPE, framing=framing))
    assert file_of(both.page("sample"), wheel.filename)


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_bad_upstreams_endless_page_goes_to_next(both, pair, wheel, framing):
    pair[0].on(PAGE, Answer(body=b"<html>", content_type=HTML_TYPE, framing=framing, endless=b"<p>" * 20000))
    assert file_of(both.page("sample"), wheel.filename)


def test_bad_upstreams_gzip_bomb_goes_to_next(both, pair, wheel):
    """Decoded bytes are counted: 256 MiB from 256 KiB."""
    packed = gzip.compress(b"<html>" + bytes(256 << 20), 1)
    pair[0].on(PAGE, Answer(body=packed, content_type=HTML_TYPE, headers=(("Content-Encoding", "gzip"),)))
    before = both.rss_bytes
    assert file_of(both.page("sample"), wheel.filename)
    assert both.rss_bytes - before < 64 << 20


def test_bad_upstreams_broken_gzip_goes_to_next(both, pair, wheel):
    broken = gzip.compress(pair[0].tree.html_page("sample"))[:-20]
    pair[0].on(PAGE, Answer(body=broken, content_type=HTML_TYPE, headers=(("Content-Encoding", "gzip"),)))
    assert file_of(both.page("sample"), wheel.filename)


def test_bad_upstreams_huge_header_goes_to_next(both, pair, wheel):
    pair[0].on_everything(Answer(headers=tuple((f"X-{number}", "x" * 8000) for number in range(500))))
    assert file_of(both.page("sample"), wheel.filename)


def test_bad_upstreams_oversized_metadata_is_not_taken(make_yizhan, make_upstream, wheel):
    """Nobody told its hash, so only its size can be doubted; the wheel has the right one."""
    entry = {"filename": wheel.filename, "url": "../.." + wheel.path, "hashes": {}, "core-metadata": True}
    page = {"meta": {"api-version": "1.0"}, "name": "sample", "files": [entry]}
    upstream = make_upstream(Tree([]))
    upstream.on(PAGE, Answer(body=json.dumps(page).encode(), content_type=JSON_TYPE))
    upstream.on(wheel.path, Answer(body=wheel.data))
    upstream.on(wheel.path + ".metadata", Answer(body=bytes(64 << 20)))
    yizhan = make_yizhan(upstream)
    yizhan.page("sample")
    assert yizhan.get(wheel.path + ".metadata").body == wheel.metadata


# ---- bad entries in good pages ----


def entry(filename, url=None, **members):
    return {"filename": filename, "url": url or f"../../f/{filename}", "hashes": {}, **members}


@pytest.mark.parametrize(
    "bad",
    [
        entry("../../etc/passwd"),
        entry(".."),
        entry("a/b-1.0.tar.gz"),
        entry("a\\b-1.0.tar.gz"),
        entry("a\u0000b-1.0.tar.gz", "../../f/x.tar.gz"),
        entry("a\nb-1.0.tar.gz", "../../f/x.tar.gz"),
        entry("", "../../f/x.tar.gz"),
        entry("a" * 300 + ".tar.gz"),
        entry("sample-2.0.tar.gz", "javascript:alert(1)"),
        entry("sample-2.0.tar.gz", "file:///etc/passwd"),
        entry("sample-2.0.tar.gz", "ftp://127.0.0.1/sample-2.0.tar.gz"),
        entry("sample-2.0.tar.gz", "http://"),
        {"filename": "sample-2.0.tar.gz"},
        {"url": 5, "filename": ["sample-2.0.tar.gz"]},
        "text",
        None,
    ],
    ids=repr,
)
def test_bad_upstreams_entry_is_dropped_alone(make_yizhan, make_upstream, bad):
    body = {"meta": {"api-version": "1.0"}, "name": "sample", "files": [bad, entry("sample-1.0.tar.gz")]}
    upstream = make_upstream(Tree([]))
    upstream.on(PAGE, Answer(body=json.dumps(body).encode(), content_type=JSON_TYPE))
    yizhan = make_yizhan(upstream)
    assert [told["filename"] for told in yizhan.page("sample")["files"]] == ["sample-1.0.tar.gz"]


@pytest.mark.parametrize(
    "members",
    [
        {"size": -5},
        {"size": 2**70},
        {"size": "12"},
        {"size": 1.5},
        {"upload-time": 5},
        {"upload-time": ""},
        {"requires-python": 3},
        {"yanked": 7},
        {"hashes": {"sha256": "xyz"}},
        {"hashes": {"sha256": 5}},
        {"hashes": {"crc": "00"}},
        {"core-metadata": {"sha256": "short"}},
        {"core-metadata": "yes"},
        {"provenance": "javascript:alert(1)"},
        {"gpg-sig": "maybe"},
        {"unknown": {"deep": [[[]]]}},
    ],
    ids=repr,
)
def test_bad_upstreams_member_does_not_reach_clients(make_yizhan, make_upstream, members):
    """A strict client must be able to read our page, whatever the upstream wrote."""
    body = {"meta": {"api-version": "1.0"}, "name": "sample", "files": [entry("sample-1.0.tar.gz", **members)]}
    upstream = make_upstream(Tree([]))
    upstream.on(PAGE, Answer(body=json.dumps(body).encode(), content_type=JSON_TYPE))
    for told in make_yizhan(upstream).page("sample")["files"]:
        assert isinstance(told["filename"], str) and isinstance(told["url"], str)
        assert all(len(value) == 64 for name, value in told["hashes"].items() if name == "sha256")
        assert set(told["hashes"]) <= {"sha256", "md5"}
        assert isinstance(told.get("size", 0), int) and 0 <= told.get("size", 0) < 2**63
        assert told.get("upload-time", "x") and isinstance(told.get("upload-time", "x"), str)
        assert isinstance(told.get("requires-python", ""), str)
        assert isinstance(told.get("yanked", False), (bool, str)) and told.get("yanked", False) != ""
        assert isinstance(told.get("gpg-sig", False), bool)
        assert told.get("provenance", "https://").startswith("http")
        metadata = told.get("core-metadata", False)
        assert isinstance(metadata, bool) or len(metadata["sha256"]) == 64


def test_bad_upstreams_text_is_escaped_in_html(make_yizhan, make_upstream):
    evil = '"><script>alert(1)</script>'
    files = [entry("sample-1.0.tar.gz", yanked=evil), entry(evil.replace("/", "") + "-1.tar.gz", "../../f/x.tar.gz")]
    body = {"meta": {"api-version": "1.0"}, "name": "sample", "files": files}
    body["project-status"] = {"status": "archived", "reason": evil}
    upstream = make_upstream(Tree([]))
    upstream.on(PAGE, Answer(body=json.dumps(body).encode(), content_type=JSON_TYPE))
    assert "<script" not in make_yizhan(upstream).get(PAGE, {"Accept": HTML_TYPE}).text


def test_bad_upstreams_claimed_hash_cannot_poison(make_yizhan, make_upstream, wheel):
    """A page that gives somebody else's file the hash of a stored blob gets only what that blob is."""
    good = make_upstream(Tree.tuna([wheel]))
    yizhan = make_yizhan(good)
    yizhan.page("sample")
    assert yizhan.get(wheel.path).body == wheel.data
    yizhan.wait_idle()
    other = make_wheel("other", "1.0")
    page = Tree([other]).html_page("other").replace(other.sha256.encode(), wheel.sha256.encode())
    good.on("/simple/other/", Answer(body=page, content_type=HTML_TYPE))
    yizhan.page("other")
    response = yizhan.get(other.path)
    assert response.status != 200 or response.body != other.data or not response.complete
    assert yizhan.get(wheel.path).body == wheel.data


@pytest.mark.parametrize("what", ["page", "file"])
def test_bad_upstreams_head_that_is_cut(yizhan, upstream, wheel, what):
    """The connection ends before the answer's head does: that is no answer."""
    path = PAGE if what == "page" else wheel.path
    asked = upstream.tree.index + "sample/" if what == "page" else upstream.tree.file_path(wheel)
    upstream.on(asked, Answer(cut_head_after=len("HTTP/1.1 200 Status\r\n")))
    assert yizhan.get(path).status == 503
    upstream.forget()
    assert yizhan.get("/healthz").status == 200
