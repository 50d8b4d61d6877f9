"""/pypi/<project>/json and /pypi/<project>/<version>/json."""

import json
from urllib.parse import urljoin, urlsplit

import pytest
from lib.packages import make_sdist, make_wheel
from lib.tree import Tree
from lib.upstream import Answer


@pytest.fixture
def dists():
    return [make_wheel("Foo.Bar_baz", "1.0"), make_wheel("Foo.Bar_baz", "2.0"), make_sdist("Foo.Bar_baz", "2.0")]


@pytest.fixture
def upstream(make_upstream, dists):
    return make_upstream(Tree.tuna(dists))


def urls_of(answer):
    found = [entry["url"] for entry in answer["urls"]]
    return found + [entry["url"] for files in answer.get("releases", {}).values() for entry in files]


def test_json_api_passes_content_through(yizhan, upstream):
    response = yizhan.get("/pypi/foo-bar-baz/json")
    assert (response.status, response.media_type) == (200, "application/json")
    answer = response.json()
    assert answer["info"]["name"] == "Foo.Bar_baz"
    assert set(answer["releases"]) == {"1.0", "2.0"}
    assert answer["urls"][0]["digests"]["sha256"]


def test_json_api_of_one_version(yizhan, dists):
    answer = yizhan.get("/pypi/foo-bar-baz/1.0/json").json()
    assert answer["info"]["version"] == "1.0"
    assert [entry["filename"] for entry in answer["urls"]] == [dists[0].filename]


def test_json_api_urls_are_ours_and_absolute(yizhan, dists):
    answer = yizhan.get("/pypi/foo-bar-baz/json", host="mirror.example:8080").json()
    assert len(urls_of(answer)) == 5
    for url in urls_of(answer):
        assert url.startswith("http://mirror.example:8080/packages/")
    by_name = {entry["filename"]: entry["url"] for entry in answer["urls"]}
    for dist in dists[1:]:
        assert urlsplit(by_name[dist.filename]).path == dist.path
        assert yizhan.get(urlsplit(by_name[dist.filename]).path).body == dist.data


def test_json_api_each_host_gets_its_own_urls(yizhan, upstream):
    for host in ("one.example", "two.example:81"):
        for url in urls_of(yizhan.get("/pypi/foo-bar-baz/json", host=host).json()):
            assert url.startswith(f"http://{host}/packages/")
    assert len(upstream.asked("/pypi/foo-bar-baz/json")) == 1


def test_json_api_public_url_stands_for_host(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, server={"public_url": "https://mirror.example/pypi/"})
    for url in urls_of(yizhan.get("/pypi/foo-bar-baz/json", host="10.0.0.1:8080").json()):
        assert url.startswith("https://mirror.example/pypi/packages/")


def test_json_api_name_is_normalised(yizhan, upstream):
    target = "/pypi/Foo.Bar_baz/json"
    response = yizhan.get(target)
    if response.status == 301:
        response = yizhan.get(urljoin(f"http://a{target}", response.header("Location"))[len("http://a") :])
    assert response.status == 200
    assert [request.path for request in upstream.asked()] == ["/pypi/foo-bar-baz/json"]


def test_json_api_unknown_is_404(yizhan):
    assert yizhan.get("/pypi/missing/json").status == 404
    assert yizhan.get("/pypi/foo-bar-baz/9.9/json").status == 404


def test_json_api_version_as_long_as_any_may_be(yizhan, upstream):
    longest = f"/pypi/foo-bar-baz/{'1' * 255}/json"
    assert yizhan.get(longest).status == 404
    assert yizhan.get(f"/pypi/foo-bar-baz/{'1' * 256}/json").status == 400
    assert [request.path for request in upstream.asked()] == [longest]


@pytest.mark.parametrize("target", ["/pypi/foo-bar-baz/xml", "/pypi/foo-bar-baz", "/pypi/a/b/c/json"])
def test_json_api_other_paths_are_404(yizhan, upstream, target):
    assert yizhan.get(target).status in (301, 404)
    assert upstream.asked() == []


def test_json_api_head_has_headers_of_get(yizhan):
    get, head = yizhan.get("/pypi/foo-bar-baz/json"), yizhan.head("/pypi/foo-bar-baz/json")
    assert (head.status, head.length, head.body) == (200, get.length, b"")


def test_json_api_is_cached(yizhan, upstream):
    for _ in range(3):
        assert yizhan.get("/pypi/foo-bar-baz/json").status == 200
    assert len(upstream.asked("/pypi/foo-bar-baz/json")) == 1


def test_json_api_is_served_stale_without_upstream(yizhan, upstream):
    assert yizhan.get("/pypi/foo-bar-baz/json").status == 200
    yizhan.wait_idle()
    upstream.stop()
    yizhan.advance(400 * 86400)
    yizhan.restart()
    assert yizhan.get("/pypi/foo-bar-baz/json").status == 200


def test_json_api_set_by_hand(make_yizhan, make_upstream, dists):
    upstream = make_upstream(Tree([]))
    body = Tree.tuna(dists).json_api("foo-bar-baz", "https://files.example/packages/")
    upstream.on("/elsewhere/foo-bar-baz/json", Answer(body=body, content_type="application/json"))
    yizhan = make_yizhan({"index": upstream.url + "/simple/", "json": upstream.url + "/elsewhere/"})
    assert yizhan.get("/pypi/foo-bar-baz/json").json()["info"]["name"] == "Foo.Bar_baz"


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[]", b'{"message": "no"}', b'{"info": {}', b""])
def test_json_api_rubbish_goes_to_next(make_yizhan, make_upstream, upstream, body):
    bad = make_upstream(Tree([]))
    bad.on("/pypi/foo-bar-baz/json", Answer(body=body, content_type="application/json"))
    yizhan = make_yizhan(bad, upstream)
    assert yizhan.get("/pypi/foo-bar-baz/json").json()["info"]["name"] == "Foo.Bar_baz"


@pytest.mark.parametrize("value, times", [(b"{}", 10_000_000), (b"[[]]", 6_000_000), (b"0", 15_000_000)])
def test_json_api_many_values_do_not_fill_the_memory(make_yizhan, make_upstream, upstream, value, times):
    bad = make_upstream(Tree([]))
    body = b'{"info": {"name": "\\"["}, "x": [%s]}' % b",".join([value] * times)
    bad.on("/pypi/foo-bar-baz/json", Answer(body=body, content_type="application/json"))
    yizhan = make_yizhan(bad, upstream)
    assert yizhan.get("/pypi/foo-bar-baz/json").json()["info"]["name"] == "Foo.Bar_baz"
    assert "objects and arrays" in yizhan.stderr
    assert yizhan.rss_bytes < 1 << 30


# ---- large ones ----


@pytest.fixture
def large(make_yizhan, make_upstream):
    """A server with a JSON of some 5 MB, 6,000 URLs in it."""
    files = [
        {
            "filename": f"large-1.{i}.tar.gz",
            "url": f"https://files.example/packages/aa/bb/{i:060x}/large-1.{i}.tar.gz",
            "comment_text": "x" * (700 + i % 97),
        }
        for i in range(6000)
    ]
    upstream = make_upstream(Tree([]))
    body = json.dumps({"info": {"name": "large"}, "releases": {"1": files}, "urls": []}).encode()
    upstream.on("/pypi/large/json", Answer(body=body, content_type="application/json"))
    return make_yizhan(upstream)


def test_json_api_every_url_of_a_large_one_is_rewritten(large):
    answers = {host: large.get("/pypi/large/json", host=host) for host in ("a", "mirror.example:8080", "h" * 200)}
    for host, response in answers.items():
        assert response.complete and len(response.body) == response.length
        for i, url in enumerate(urls_of(response.json())):
            assert url == f"http://{host}/packages/aa/bb/{i:060x}/large-1.{i}.tar.gz"
    assert len({response.header("ETag") for response in answers.values()}) == 3


def test_json_api_not_modified_for_the_same_host(large):
    etag = large.get("/pypi/large/json", host="a").header("ETag")
    assert large.get("/pypi/large/json", {"If-None-Match": etag}, host="a").status == 304
    assert large.get("/pypi/large/json", {"If-None-Match": etag}, host="b").status == 200


def test_json_api_slow_readers_hold_no_copies(large):
    large.get("/pypi/large/json")
    before = large.rss_bytes
    readers = [large.open("/pypi/large/json") for _ in range(60)]
    assert [reader.head().status for reader in readers] == [200] * 60
    assert large.rss_bytes - before < 60 << 20
    for reader in readers:
        reader.close()
