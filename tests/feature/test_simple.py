"""/simple/: negotiation, headers, validators, redirects, the root list. What pages tell is in test_pages.py."""

import gzip
from urllib.parse import urljoin

import pytest
from lib.pages import HTML_TYPE, JSON_TYPE, PIP_ACCEPT, V1_HTML_TYPE, Page
from lib.packages import make_wheel
from lib.tree import Tree

PAGE = "/simple/sample/"


def type_for(yizhan, *accept_lines):
    response = yizhan.get(PAGE, [("Accept", line) for line in accept_lines])
    return response.media_type if response.status == 200 else response.status


# ---- negotiation ----


@pytest.mark.parametrize(
    "lines, expected",
    [
        ([], HTML_TYPE),
        (["*/*"], HTML_TYPE),
        (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], HTML_TYPE),
        ([PIP_ACCEPT], JSON_TYPE),
        ([JSON_TYPE], JSON_TYPE),
        ([V1_HTML_TYPE], V1_HTML_TYPE),
        ([HTML_TYPE], HTML_TYPE),
        (["text/*"], HTML_TYPE),
        ([f"{JSON_TYPE};q=0.3, {V1_HTML_TYPE};q=0.9, text/html;q=0.5"], V1_HTML_TYPE),
        ([f"{JSON_TYPE}, */*;q=0.1"], JSON_TYPE),
        (["application/vnd.pypi.simple.latest+json"], JSON_TYPE),
        (["application/vnd.pypi.simple.latest+html"], V1_HTML_TYPE),
        ([f"{JSON_TYPE};q=0, */*;q=0.1"], HTML_TYPE),
    ],
)
def test_simple_accept_chooses_type(yizhan, lines, expected):
    assert type_for(yizhan, *lines) == expected


def test_simple_accept_weighs_all_lines(yizhan):
    assert type_for(yizhan, "text/html;q=0.2", f"{JSON_TYPE};q=0.7") == JSON_TYPE
    assert type_for(yizhan, "text/html;q=0.7", f"{JSON_TYPE};q=0.2") == HTML_TYPE


@pytest.mark.parametrize("accept", ["image/png", "application/vnd.pypi.simple.v2+json", f"{JSON_TYPE};q=0", "*/*;q=0"])
def test_simple_accept_without_fit_is_406(yizhan, accept):
    response = yizhan.get(PAGE, {"Accept": accept})
    assert response.status == 406
    assert response.body


@pytest.mark.parametrize("wanted", [JSON_TYPE, V1_HTML_TYPE, HTML_TYPE])
def test_simple_format_parameter_overrides_accept(yizhan, wanted):
    other = HTML_TYPE if wanted == JSON_TYPE else JSON_TYPE
    response = yizhan.get(f"{PAGE}?format={wanted}", {"Accept": other})
    assert (response.status, response.media_type) == (200, wanted)


def test_simple_format_parameter_may_be_escaped(yizhan):
    response = yizhan.get(f"{PAGE}?format={JSON_TYPE.replace('+', '%2B').replace('/', '%2F')}")
    assert (response.status, response.media_type) == (200, JSON_TYPE)


def test_simple_format_parameter_unknown_is_406(yizhan):
    assert yizhan.get(f"{PAGE}?format=image/png").status == 406


# ---- headers ----


@pytest.mark.parametrize("accept", [JSON_TYPE, HTML_TYPE])
def test_simple_headers_of_page(yizhan, accept):
    response = yizhan.get(PAGE, {"Accept": accept})
    vary = {name.strip().lower() for name in (response.header("Vary") or "").split(",")}
    assert {"accept", "accept-encoding"} <= vary
    assert "max-age=600" in response.header("Cache-Control").replace(" ", "").split(",")
    assert response.length == len(response.body)
    assert response.header("X-PyPI-Last-Serial") is None


def test_simple_etag_is_strong_and_of_one_representation(yizhan):
    etags = set()
    for accept in (JSON_TYPE, HTML_TYPE):
        for encoding in ("identity", "gzip"):
            etag = yizhan.get(PAGE, {"Accept": accept, "Accept-Encoding": encoding}).header("ETag")
            assert etag.startswith('"') and etag.endswith('"')
            etags.add(etag)
    assert len(etags) == 4


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_simple_if_none_match_is_304(yizhan, encoding):
    headers = {"Accept": JSON_TYPE, "Accept-Encoding": encoding}
    page = yizhan.get(PAGE, headers)
    for condition in (page.header("ETag"), f'"other", W/{page.header("ETag")}', "*"):
        response = yizhan.get(PAGE, {**headers, "If-None-Match": condition})
        assert (response.status, response.header("ETag")) == (304, page.header("ETag"))
        assert response.length in (None, page.length)
        assert "accept" in response.header("Vary").lower()


def test_simple_if_none_match_of_other_representation_is_200(yizhan):
    etag = yizhan.get(PAGE, {"Accept": HTML_TYPE}).header("ETag")
    assert yizhan.get(PAGE, {"Accept": JSON_TYPE, "If-None-Match": etag}).status == 200


def test_simple_connection_is_usable_after_304(yizhan):
    """A wrong Content-Length of the 304 would swallow the next answer."""
    etag = yizhan.get(PAGE).header("ETag")
    request = f"GET {PAGE} HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n"
    answer = yizhan.raw(f"{request}GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 304")
    assert rest.startswith(b"HTTP/1.1 200")


def test_simple_gzip_has_same_content(yizhan):
    plain = yizhan.get(PAGE, {"Accept": JSON_TYPE})
    packed = yizhan.get(PAGE, {"Accept": JSON_TYPE, "Accept-Encoding": "br, gzip;q=0.8"})
    assert plain.header("Content-Encoding") is None
    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize("encoding", ["gzip;q=0", "identity, gzip;q=0.5", "br"])
def test_simple_gzip_is_not_forced(yizhan, encoding):
    assert yizhan.get(PAGE, {"Accept-Encoding": encoding}).header("Content-Encoding") is None


@pytest.mark.parametrize("target", [PAGE, "/simple/"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_simple_head_has_headers_of_get(yizhan, target, encoding):
    headers = {"Accept": JSON_TYPE, "Accept-Encoding": encoding}
    get, head = yizhan.get(target, headers), yizhan.head(target, headers)
    assert (head.status, head.body) == (200, b"")
    drop = {"date", "connection"}
    assert sorted(h for h in head.headers if h[0] not in drop) == sorted(h for h in get.headers if h[0] not in drop)


def test_simple_page_is_the_same_for_everyone(yizhan, upstream):
    """One upstream request serves all formats."""
    for accept in (JSON_TYPE, HTML_TYPE, V1_HTML_TYPE):
        assert yizhan.get(PAGE, {"Accept": accept}).status == 200
    assert len(upstream.asked(upstream.tree.page_path("sample"))) == 1


# ---- names ----


@pytest.mark.parametrize(
    "target, meant",
    [
        ("/simple/Foo.Bar_baz/", "/simple/foo-bar-baz/"),
        ("/simple/foo--bar__baz/", "/simple/foo-bar-baz/"),
        ("/simple/Foo.Bar_baz", "/simple/foo-bar-baz/"),
        ("/simple/foo-bar-baz", "/simple/foo-bar-baz/"),
        ("/simple/%46oo-bar-baz/", "/simple/foo-bar-baz/"),
        ("/simple", "/simple/"),
    ],
)
def test_simple_redirect_is_relative(make_yizhan, make_upstream, target, meant):
    yizhan = make_yizhan(make_upstream(Tree.tuna([make_wheel("Foo.Bar_baz", "1.0")])))
    response = yizhan.get(target, host="evil.example")
    assert response.status == 301
    location = response.header("Location")
    assert "://" not in location and not location.startswith("//") and "evil" not in location
    assert urljoin(f"http://a.test{target}", location) == f"http://a.test{meant}"


def test_simple_redirect_asks_no_upstream(yizhan, upstream):
    assert yizhan.get("/simple/SAMPLE/").status == 301
    assert upstream.asked() == []


@pytest.mark.parametrize("name", ["-sample", "sample-", "sam%20ple", "s%C3%A4mple", "a" * 300, "a$b"])
def test_simple_invalid_name_is_refused(yizhan, upstream, name):
    assert yizhan.get(f"/simple/{name}/").status in (400, 404)
    assert upstream.asked() == []


def test_simple_unknown_project_is_404(yizhan):
    response = yizhan.get("/simple/no-such-project/")
    assert response.status == 404
    assert b"no-such-project" in response.body


def test_simple_below_a_project_is_404(yizhan):
    assert yizhan.get("/simple/sample/extra/").status == 404


# ---- the root list ----


def test_simple_root_json_lists_projects(yizhan):
    response = yizhan.get("/simple/", {"Accept": JSON_TYPE})
    assert (response.status, response.media_type) == (200, JSON_TYPE)
    assert {project["name"] for project in response.json()["projects"]} == {"sample", "bulky"}
    assert response.json()["meta"]["api-version"].startswith("1.")


def test_simple_root_html_lists_projects(yizhan):
    response = yizhan.get("/simple/", {"Accept": HTML_TYPE})
    page = Page(response.text)
    assert {(link["href"], text) for link, text in page.links} == {("sample/", "sample"), ("bulky/", "bulky")}


def test_simple_root_links_are_normalised(make_yizhan, make_upstream):
    yizhan = make_yizhan(make_upstream(Tree.tuna([make_wheel("Foo.Bar_baz", "1.0")])))
    page = Page(yizhan.get("/simple/", {"Accept": HTML_TYPE}).text)
    assert [(link["href"], text) for link, text in page.links] == [("foo-bar-baz/", "Foo.Bar_baz")]


def test_simple_root_is_read_from_html_only_mirror(make_yizhan, make_upstream, wheel):
    yizhan = make_yizhan(make_upstream(Tree.aliyun([wheel])))
    assert [p["name"] for p in yizhan.get("/simple/", {"Accept": JSON_TYPE}).json()["projects"]] == ["sample"]


def test_simple_root_does_not_gate_projects(make_yizhan, make_upstream, wheel):
    """A new project is served though a cached root list does not have it yet."""
    upstream = make_upstream(Tree.tuna([wheel]))
    yizhan = make_yizhan(upstream)
    assert yizhan.get("/simple/").status == 200
    upstream.mount(Tree.tuna([wheel, make_wheel("fresh", "1.0")]))
    assert yizhan.page("fresh")["files"]


def test_simple_root_is_cached_for_list_ttl(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, pypi={"list_ttl": "1d"})
    yizhan.get("/simple/")
    yizhan.advance(3600)
    assert yizhan.get("/simple/").status == 200
    assert len(upstream.asked("/simple/")) == 1
