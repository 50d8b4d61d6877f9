"""Several upstreams: order, fail-over before and during a transfer, redirects, what is sent to them."""

import threading

import pytest
from lib.client import Background
from lib.packages import make_wheel
from lib.pages import file_of
from lib.tree import Tree
from lib.upstream import Answer
from lib.wait import wait_until


# ---- order and fail-over ----


def test_upstreams_first_is_asked_first(both, pair, wheel):
    both.page("sample")
    assert both.get(wheel.path).body == wheel.data
    assert pair[0].asked() and not pair[1].asked()


@pytest.mark.parametrize("status", [401, 403, 405, 407, 429, 500, 502, 503, 504])
def test_upstreams_trouble_goes_to_next(both, pair, wheel, status):
    pair[0].on_everything(Answer(status, b"no", headers=(("Retry-After", "30"),)))
    assert file_of(both.page("sample"), wheel.filename)
    assert both.get(wheel.path).body == wheel.data
    assert pair[0].asked() and pair[1].asked()
    assert both.metric("upstream_errors_total") >= 1
    assert str(status) in both.stderr


@pytest.mark.parametrize("status", [404, 410])
def test_upstreams_absence_is_asked_of_all(both, pair, wheel, status):
    pair[0].on_everything(Answer(status, b"no"))
    assert file_of(both.page("sample"), wheel.filename)
    assert both.get(wheel.path).body == wheel.data


def test_upstreams_absence_everywhere_is_404(both, pair):
    assert both.get("/simple/missing/").status == 404
    assert all(upstream.asked("/simple/missing/") for upstream in pair)


def test_upstreams_refused_connection_goes_to_next(both, pair, wheel):
    pair[0].stop()
    assert both.page("sample")["files"]
    assert both.get(wheel.path).body == wheel.data


@pytest.mark.parametrize("status", [401, 403, 405, 429, 500])
def test_upstreams_trouble_everywhere_is_503(both, pair, wheel, status):
    """Never an upstream's own 401, 403 or 429: those stop pip, uv and docker for good."""
    for upstream in pair:
        upstream.on_everything(Answer(status, b"no"))
    for target in ("/simple/sample/", wheel.path, wheel.path + ".metadata", "/pypi/sample/json"):
        response = both.get(target)
        assert response.status == 503
        assert int(response.header("Retry-After")) > 0
        assert response.body


def test_upstreams_failed_one_stands_back(both, pair):
    """After a failure the healthy one is asked first."""
    pair[0].on_everything(Answer(500, b"no"))
    both.page("sample")
    asked = len(pair[0].asked())
    both.page("bulky")
    assert len(pair[0].asked()) == asked


def test_upstreams_silent_one_is_left_in_time(make_yizhan, pair, wheel):
    gate = threading.Event()
    pair[0].on_everything(Answer(gate=gate))
    yizhan = make_yizhan({"index": pair[0].index, "first_byte_timeout": "1s"}, pair[1])
    assert file_of(yizhan.page("sample"), wheel.filename)
    gate.set()


def test_upstreams_stalled_transfer_goes_on_elsewhere(make_yizhan, pair, big_wheel):
    path = pair[0].tree.file_path(big_wheel)
    gate = threading.Event()
    pair[0].change(path, body_gate=gate, gate_after=2 << 20)
    yizhan = make_yizhan({"index": pair[0].index, "stall_timeout": "1s"}, pair[1])
    yizhan.page("bulky")
    response = yizhan.get(big_wheel.path)
    gate.set()
    assert response.complete and response.body == big_wheel.data
    assert pair[1].asked(path)[0].header("Range")


# ---- broken in the middle ----


def test_upstreams_death_at_half_goes_on_by_range(both, pair, big_wheel):
    path = pair[0].tree.file_path(big_wheel)
    half = len(big_wheel.data) // 2
    pair[0].change(path, cut_after=half)
    response = both.get(big_wheel.path)
    assert (response.status, response.complete) == (200, True)
    assert response.body == big_wheel.data
    first = int(pair[1].asked(path)[0].header("Range").removeprefix("bytes=").rstrip("-"))
    assert 0 < first <= half
    assert both.metric("upstream_resumed_total") == 1


def test_upstreams_death_at_half_of_the_only_one(yizhan, upstream, big_wheel):
    path = upstream.tree.file_path(big_wheel)
    upstream.change(path, times=1, cut_after=1 << 20)
    response = yizhan.get(big_wheel.path)
    assert response.complete and response.body == big_wheel.data
    assert [bool(request.header("Range")) for request in upstream.asked(path)] == [False, True]


def test_upstreams_many_deaths_finish_all_the_same(yizhan, upstream, big_wheel):
    """Every attempt brings a megabyte."""
    path = upstream.tree.file_path(big_wheel)
    upstream.change(path, cut_after=1 << 20)
    response = yizhan.get(big_wheel.path)
    assert response.complete and response.body == big_wheel.data


def test_upstreams_second_without_ranges(both, pair, big_wheel):
    """It sends everything again from byte 0; readers notice nothing."""
    path = pair[0].tree.file_path(big_wheel)
    pair[0].change(path, cut_after=2 << 20)
    pair[1].change(path, ranges=False)
    response = both.get(big_wheel.path)
    assert response.complete and response.body == big_wheel.data


@pytest.mark.parametrize("lie", ["start", "total"])
def test_upstreams_wrong_206_is_noticed(make_yizhan, make_upstream, wheel, big_wheel, lie):
    tree = Tree.tuna([wheel, big_wheel])
    first, liar, good = make_upstream(tree), make_upstream(tree), make_upstream(tree)
    path = tree.file_path(big_wheel)
    first.change(path, cut_after=2 << 20)
    liar.change(path, wrong_206=lie)
    response = make_yizhan(first, liar, good).get(big_wheel.path)
    assert response.complete and response.body == big_wheel.data


def test_upstreams_wrong_bytes_in_206_never_complete(both, pair, big_wheel):
    """The joint is wrong: only the digest shows it."""
    path = pair[0].tree.file_path(big_wheel)
    pair[0].change(path, cut_after=2 << 20)
    pair[1].change(path, wrong_206="bytes")
    response = both.get(big_wheel.path)
    assert not response.complete or response.body == big_wheel.data
    for upstream in pair:
        upstream.forget()
    both.wait_idle()
    assert both.get(big_wheel.path).body == big_wheel.data


def test_upstreams_page_broken_in_the_middle(both, pair, wheel):
    pair[0].change("/simple/sample/", cut_after=100)
    assert file_of(both.page("sample"), wheel.filename)


def test_upstreams_file_of_other_mirror_than_the_page(make_yizhan, make_upstream, wheel):
    """The page comes from one upstream, the file from another with its own prefix."""
    pages, files = make_upstream(Tree.tuna([wheel])), make_upstream(Tree.aliyun([wheel]))
    pages.on(pages.tree.file_path(wheel), Answer(404))
    yizhan = make_yizhan(pages, files)
    yizhan.page("sample")
    assert yizhan.get(wheel.path).body == wheel.data


# ---- redirects ----


def test_upstreams_redirect_is_followed(yizhan, upstream, wheel):
    upstream.on(upstream.tree.file_path(wheel), Answer(302, headers=(("Location", "/real/file"),)))
    upstream.on("/real/file", Answer(body=wheel.data))
    assert yizhan.get(wheel.path).body == wheel.data


def test_upstreams_redirected_page_is_the_base_of_its_links(yizhan, upstream, wheel):
    page = Tree([wheel], has_json=False).html_page("sample")
    upstream.on("/simple/sample/", Answer(301, headers=(("Location", "/deep/er/simple/sample/"),)))
    upstream.on("/deep/er/simple/sample/", Answer(body=page, content_type="text/html"))
    upstream.on(upstream.tree.file_path(wheel), Answer(404))
    upstream.on(f"/deep/er{wheel.path}", Answer(body=wheel.data))
    yizhan.page("sample")
    assert yizhan.get(wheel.path).body == wheel.data


def test_upstreams_redirect_loop_goes_to_next(both, pair, wheel):
    pair[0].on_everything(Answer(302, headers=(("Location", "/loop"),)))
    assert file_of(both.page("sample"), wheel.filename)
    assert len(pair[0].asked()) < 40


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "http://", ""])
def test_upstreams_redirect_to_nowhere_goes_to_next(both, pair, wheel, location):
    pair[0].on_everything(Answer(302, headers=(("Location", location),)))
    assert file_of(both.page("sample"), wheel.filename)


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "[::ffff:127.0.0.2]", "0x7f000002", "2130706434"])
def test_upstreams_redirect_to_private_address_is_refused(both, pair, make_upstream, wheel, host):
    """The upstream is configured at 127.0.0.1: that address it may use, no other private one."""
    victim = make_upstream(Tree.tuna([wheel]), host="127.0.0.1" if host == "localhost" else "127.0.0.2")
    for path in ("/simple/sample/", pair[0].tree.file_path(wheel)):
        pair[0].on(path, Answer(302, headers=(("Location", f"http://{host}:{victim.port}{path}"),)))
    assert file_of(both.page("sample"), wheel.filename)
    assert both.get(wheel.path).body == wheel.data
    assert victim.asked() == []


def test_upstreams_page_link_to_private_address_is_not_followed(make_yizhan, make_upstream):
    victim = make_upstream(Tree([]), host="127.0.0.2")
    victim.on("/secret/odd-1.0.tar.gz", Answer(body=b"secret"))
    upstream = make_upstream(Tree([]))
    page = f'<a href="{victim.url}/secret/odd-1.0.tar.gz">odd-1.0.tar.gz</a>'.encode()
    upstream.on("/simple/odd/", Answer(body=page, content_type="text/html"))
    yizhan = make_yizhan(upstream)
    url = yizhan.page("odd")["files"][0]["url"]
    assert yizhan.get("/simple/odd/" + url if not url.startswith("../../") else url[5:]).status in (404, 502, 503)
    assert victim.asked() == []


# ---- what upstreams are sent ----


def test_upstreams_get_our_user_agent_and_no_secrets(yizhan, upstream, wheel):
    secrets = {"User-Agent": "pip/99", "Authorization": "Basic c2VjcmV0", "Cookie": "a=secret", "X-Token": "secret"}
    for target in ("/simple/sample/", wheel.path, wheel.path + ".metadata", "/pypi/sample/json"):
        assert yizhan.get(target, secrets).status == 200
    for request in upstream.asked():
        assert request.header("User-Agent").startswith("yizhan/")
        assert "secret" not in str(request.headers) and "c2VjcmV0" not in str(request.headers)
        assert request.header("Host") == f"127.0.0.1:{upstream.port}"


def test_upstreams_connections_are_limited(make_yizhan, make_upstream):
    gate = threading.Event()
    wheels = [make_wheel(f"sample{number}", "1.0") for number in range(8)]
    upstream = make_upstream(Tree.tuna(wheels))
    for dist in wheels:
        upstream.change(upstream.tree.file_path(dist), gate=gate)
    yizhan = make_yizhan(upstream, each={"connections": 2})
    for dist in wheels:
        yizhan.page(dist.project)
    clients = [Background(yizhan.get, dist.path) for dist in wheels]
    files = [upstream.tree.file_path(dist) for dist in wheels]
    wait_until(lambda: sum(len(upstream.asked(path)) for path in files) >= 2, "two transfers run")
    wait_until(lambda: yizhan.metric("fills_running") == 8, "eight fills run")
    assert sum(len(upstream.asked(path)) for path in files) == 2
    gate.set()
    assert [client.result().body for client in clients] == [dist.data for dist in wheels]


def test_upstreams_pages_pass_waiting_files(make_yizhan, make_upstream):
    """Big files that use up the connections do not hold up the small things."""
    gate = threading.Event()
    wheels = [make_wheel(f"sample{number}", "1.0") for number in range(4)]
    upstream = make_upstream(Tree.tuna(wheels))
    for dist in wheels[:3]:
        upstream.change(upstream.tree.file_path(dist), gate=gate)
    yizhan = make_yizhan(upstream, each={"connections": 2})
    for dist in wheels[:3]:
        yizhan.page(dist.project)
    clients = [Background(yizhan.get, dist.path) for dist in wheels[:3]]
    wait_until(lambda: yizhan.metric("fills_running") == 3, "the files wait")
    assert yizhan.page("sample3")["files"]
    gate.set()
    assert all(client.result().status == 200 for client in clients)


def test_upstreams_reload_changes_them(make_yizhan, make_upstream, wheel):
    old, new = make_upstream(Tree.tuna([wheel])), make_upstream(Tree.tuna([make_wheel("fresh", "1.0")]))
    yizhan = make_yizhan(old)
    assert yizhan.get("/simple/fresh/").status == 404
    yizhan.configure([new])
    yizhan.reload()
    yizhan.advance(70)
    assert yizhan.page("fresh")["files"]
    assert new.asked()
