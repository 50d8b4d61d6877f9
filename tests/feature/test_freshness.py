"""TTLs, by the test clock: fresh, stale while refreshing, stale when upstreams are down, absence, offline."""

import threading

import pytest
from lib.client import Background
from lib.packages import make_wheel
from lib.pages import JSON_TYPE
from lib.tree import Tree
from lib.upstream import Answer
from lib.wait import wait_until

TTL = 600
STALE_TTL = 86400
PAGE = "/simple/sample/"


def filenames(yizhan):
    return [entry["filename"] for entry in yizhan.page("sample")["files"]]


@pytest.fixture
def newer(wheel, big_wheel):
    """The tree after a release of sample 2.0."""
    return Tree.tuna([wheel, make_wheel("sample", "2.0"), big_wheel])


@pytest.fixture
def held(yizhan):
    """The server with the page of `sample` in its store."""
    yizhan.page("sample")
    yizhan.wait_idle()
    return yizhan


def test_freshness_fresh_page_asks_nobody(held, upstream):
    held.advance(TTL - 10)
    assert len(filenames(held)) == 1
    assert len(upstream.asked(PAGE)) == 1


def test_freshness_stale_page_is_served_while_refreshing(held, upstream, newer):
    gate = threading.Event()
    upstream.mount(newer)
    upstream.change(PAGE, gate=gate)
    held.advance(TTL + 10)
    for _ in range(5):
        assert len(filenames(held)) == 1
    wait_until(lambda: len(upstream.asked(PAGE)) == 2, "the refresh is under way")
    gate.set()
    wait_until(lambda: len(filenames(held)) == 2, "the new page is served")
    assert len(upstream.asked(PAGE)) == 2
    assert held.metrics_at_rest()["stale_total"] >= 5


def test_freshness_refresh_is_conditional(held, upstream):
    held.advance(TTL + 10)
    held.page("sample")
    wait_until(lambda: len(upstream.asked(PAGE)) == 2, "the refresh is under way")
    first, second = upstream.asked(PAGE)
    assert first.header("If-None-Match") is None
    assert second.header("If-None-Match") or second.header("If-Modified-Since")


def test_freshness_304_makes_fresh_again(held, upstream):
    held.advance(TTL + 10)
    held.page("sample")
    wait_until(lambda: len(upstream.asked(PAGE)) == 2, "the refresh is under way")
    held.wait_idle()
    held.advance(TTL - 20)
    assert len(filenames(held)) == 1
    held.wait_idle()
    assert len(upstream.asked(PAGE)) == 2


def test_freshness_304_keeps_etag_for_clients(held, upstream):
    etag = held.get(PAGE, {"Accept": JSON_TYPE}).header("ETag")
    held.advance(TTL + 10)
    held.page("sample")
    wait_until(lambda: len(upstream.asked(PAGE)) == 2, "the refresh is under way")
    held.wait_idle()
    assert held.get(PAGE, {"Accept": JSON_TYPE, "If-None-Match": etag}).status == 304


def test_freshness_304_survives_restart(held, upstream):
    """The time of the confirmation is kept, too."""
    held.advance(TTL + 10)
    held.page("sample")
    wait_until(lambda: len(upstream.asked(PAGE)) == 2, "the refresh is under way")
    held.wait_idle()
    held.restart()
    held.page("sample")
    held.wait_idle()
    assert len(upstream.asked(PAGE)) == 2


def test_freshness_too_old_page_waits_for_refresh(held, upstream, newer):
    gate = threading.Event()
    upstream.mount(newer)
    upstream.change(PAGE, gate=gate)
    held.advance(TTL + STALE_TTL + 10)
    client = Background(filenames, held)
    wait_until(lambda: len(upstream.asked(PAGE)) == 2, "the refresh is under way")
    assert not client.done
    gate.set()
    assert len(client.result()) == 2


@pytest.mark.parametrize("trouble", ["gone", 503, 500, 403, 401, 429, 405])
def test_freshness_stale_at_any_age_without_upstream(held, upstream, trouble):
    if trouble == "gone":
        upstream.stop()
    else:
        upstream.on_everything(Answer(trouble, b"no"))
    held.advance(400 * 86400)
    assert len(filenames(held)) == 1
    wait_until(lambda: held.metric("stale_total") >= 1, "it is counted")
    assert "sample" in held.stderr


def test_freshness_stale_survives_restart(held, upstream):
    upstream.stop()
    held.advance(400 * 86400)
    held.restart()
    assert len(filenames(held)) == 1


def test_freshness_failed_background_refresh_keeps_page(held, upstream):
    upstream.on_everything(Answer(500, b"no"))
    held.advance(TTL + 10)
    assert len(filenames(held)) == 1
    wait_until(lambda: len(upstream.asked(PAGE)) > 1, "the refresh is under way")
    held.wait_idle()
    assert len(filenames(held)) == 1


def test_freshness_broken_refresh_keeps_page(held, upstream):
    """A refresh that brings rubbish does not replace what is good."""
    upstream.on(PAGE, Answer(body=b"<html><body>Please log in to the network</body></html>", content_type="text/html"))
    held.advance(TTL + STALE_TTL + 10)
    assert len(filenames(held)) == 1


def test_freshness_file_needs_no_upstream_at_any_age(yizhan, upstream, wheel):
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    before = len(upstream.asked())
    yizhan.advance(400 * 86400)
    assert yizhan.get(wheel.path).body == wheel.data
    assert len(upstream.asked()) == before


def test_freshness_ttl_is_configurable(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, pypi={"ttl": "5s", "stale_ttl": "0s"})
    yizhan.page("sample")
    yizhan.wait_idle()
    yizhan.advance(10)
    yizhan.page("sample")
    assert len(upstream.asked(PAGE)) == 2


# ---- absence ----


def test_freshness_absence_is_remembered(yizhan, upstream):
    for _ in range(3):
        assert yizhan.get("/simple/missing/").status == 404
    assert len(upstream.asked("/simple/missing/")) == 1
    wait_until(lambda: yizhan.metric("negative_hits_total") == 2, "they are counted")


def test_freshness_absence_is_forgotten_after_negative_ttl(yizhan, upstream):
    assert yizhan.get("/simple/missing/").status == 404
    upstream.mount(Tree.tuna([make_wheel("missing", "1.0")]))
    yizhan.advance(70)
    assert yizhan.get("/simple/missing/").status == 200


def test_freshness_absence_of_file_is_remembered(yizhan, upstream):
    path = f"/packages/00/00/{'0' * 60}/sample-9.0.tar.gz"
    for _ in range(3):
        assert yizhan.get(path).status == 404
    assert len(upstream.asked(path)) == 1


def test_freshness_absence_of_wheel_is_remembered_for_its_metadata(yizhan, upstream):
    path = f"/packages/aa/bb/{'c' * 60}/sample-9.0-py3-none-any.whl"
    for _ in range(3):
        assert yizhan.get(path + ".metadata").status == 404
    assert len(upstream.asked(path)) == 1


def test_freshness_absence_is_not_concluded_without_the_pages(yizhan, upstream):
    """The file is not where its path says, and the page that may tell another place cannot be had."""
    path = f"/packages/aa/bb/{'c' * 60}/sample-9.0-py3-none-any.whl"
    upstream.on("/simple/sample/", Answer(500))
    assert yizhan.get(path + ".metadata").status == 503
    sdist = f"/packages/aa/bb/{'c' * 60}/sample-part-9.0.tar.gz"
    upstream.on("/simple/sample-part/", Answer(500))
    upstream.on("/simple/sample/", Answer(404))
    assert yizhan.get(sdist).status == 503


def test_freshness_trouble_is_not_remembered_as_absence(yizhan, upstream):
    upstream.on_everything(Answer(500, b"no"))
    assert yizhan.get("/simple/sample/").status == 503
    upstream.forget()
    assert yizhan.get("/simple/sample/").status == 200


# ---- offline ----


def test_freshness_offline_serves_what_is_held(make_yizhan, upstream, wheel):
    yizhan = make_yizhan(upstream)
    yizhan.page("sample")
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    yizhan.stop()
    before = len(upstream.asked())
    yizhan.configure([upstream], server={"offline": "yes"})
    yizhan.start()
    yizhan.advance(400 * 86400)
    assert len(filenames(yizhan)) == 1
    assert yizhan.get(wheel.path).body == wheel.data
    assert len(upstream.asked()) == before


@pytest.mark.parametrize("target", [PAGE, "/simple/", "/pypi/sample/json"])
def test_freshness_offline_contacts_nobody(make_yizhan, upstream, target):
    yizhan = make_yizhan(upstream, server={"offline": "yes"})
    assert yizhan.get(target).status in (404, 503)
    assert upstream.asked() == []


def test_freshness_offline_file_contacts_nobody(make_yizhan, upstream, wheel):
    yizhan = make_yizhan(upstream, server={"offline": "yes"})
    assert yizhan.get(wheel.path).status in (404, 503)
    assert yizhan.get(wheel.path + ".metadata").status in (404, 503)
    assert upstream.asked() == []
