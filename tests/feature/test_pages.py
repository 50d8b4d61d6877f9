"""What upstream pages tell is carried through, from JSON and from HTML of every shape."""

import gzip
import hashlib
import json

import pytest
from lib.pages import JSON_TYPE, Page, file_of, html_page, same_path, target_of
from lib.packages import make_sdist, make_wheel
from lib.tree import HTML_TYPE, Tree
from lib.upstream import Answer

ALL_TOLD = {
    "meta": {"api-version": "1.4", "tracks": ["https://example.org/simple/told/"]},
    "alternate-locations": ["https://mirror.example.org/simple/told/"],
    "project-status": {"status": "archived", "reason": "moved <away> & gone"},
}

# A file that nobody gave a hash for must at least look like what its name says.
ODD = gzip.compress(b"content", mtime=0)


@pytest.fixture
def told():
    return [
        make_wheel(
            "told",
            "1.0",
            requires_python=">=3.6, <4",
            yanked="broken <b>\"badly\"</b> & 'often'",
            provenance="https://example.org/integrity/told/provenance",
            extra={"gpg-sig": True},
        ),
        make_wheel("told", "1.1", yanked=True),
        make_wheel("told", "1!2.0+local1"),
        make_sdist("told", "3.0"),
    ]


@pytest.fixture
def told_yizhan(make_yizhan, make_upstream, told):
    return make_yizhan(make_upstream(Tree.tuna(told, said={"told": ALL_TOLD})))


def serve_page(make_yizhan, make_upstream, body, content_type=HTML_TYPE, project="odd", files=()):
    """A server whose one upstream has this page; files: (path, bytes)."""
    upstream = make_upstream(Tree([]))
    upstream.on(f"/simple/{project}/", Answer(body=body.encode(), content_type=content_type))
    for path, data in files:
        upstream.on(path, Answer(body=data))
    return make_yizhan(upstream), upstream


# ---- everything known, to JSON ----


def test_pages_json_has_version_and_name(told_yizhan):
    page = told_yizhan.page("told")
    assert page["name"] == "told"
    assert page["meta"]["api-version"].startswith("1.")


def test_pages_json_carries_files(told_yizhan, told):
    page = told_yizhan.page("told")
    assert [entry["filename"] for entry in page["files"]] == [dist.filename for dist in told]
    for dist in told:
        entry = file_of(page, dist.filename)
        assert entry["hashes"]["sha256"] == dist.sha256
        assert entry["size"] == len(dist.data)
        assert entry["upload-time"] == dist.upload_time


def test_pages_json_carries_requires_python(told_yizhan, told):
    page = told_yizhan.page("told")
    assert file_of(page, told[0].filename)["requires-python"] == ">=3.6, <4"
    assert "requires-python" not in file_of(page, told[1].filename)


def test_pages_json_carries_yanked(told_yizhan, told):
    page = told_yizhan.page("told")
    assert file_of(page, told[0].filename)["yanked"] == told[0].yanked
    assert file_of(page, told[1].filename)["yanked"] is True
    assert not file_of(page, told[2].filename).get("yanked", False)


def test_pages_json_carries_core_metadata(told_yizhan, told):
    page = told_yizhan.page("told")
    assert file_of(page, told[0].filename)["core-metadata"] == {"sha256": told[0].metadata_sha256}
    assert not file_of(page, told[3].filename).get("core-metadata", False)


def test_pages_json_leaves_out_dist_info_metadata(told_yizhan, told):
    """pip 22.3 to 23.0 (Debian 12 has it) dies on a JSON page with an object there; PEP 714 was written for that."""
    assert all("dist-info-metadata" not in entry for entry in told_yizhan.page("told")["files"])


def test_pages_json_carries_provenance(told_yizhan, told):
    assert file_of(told_yizhan.page("told"), told[0].filename)["provenance"] == told[0].provenance


def test_pages_json_carries_versions(told_yizhan):
    assert set(told_yizhan.page("told")["versions"]) == {"1.0", "1.1", "1!2.0+local1", "3.0"}


def test_pages_json_carries_project_status(told_yizhan):
    assert told_yizhan.page("told")["project-status"] == ALL_TOLD["project-status"]


def test_pages_json_carries_tracks_and_alternates(told_yizhan):
    page = told_yizhan.page("told")
    assert page["meta"]["tracks"] == ALL_TOLD["meta"]["tracks"]
    assert page["alternate-locations"] == ALL_TOLD["alternate-locations"]


def test_pages_json_carries_other_hashes(make_yizhan, make_upstream):
    data = ODD
    hashes = {"md5": hashlib.md5(data).hexdigest(), "sha512": hashlib.sha512(data).hexdigest()}
    body = {"meta": {"api-version": "1.0"}, "name": "odd"}
    body["files"] = [{"filename": "odd-1.0.tar.gz", "url": "../../f/odd-1.0.tar.gz", "hashes": hashes}]
    yizhan, _ = serve_page(make_yizhan, make_upstream, json.dumps(body), JSON_TYPE)
    assert file_of(yizhan.page("odd"), "odd-1.0.tar.gz")["hashes"] == hashes


def test_pages_json_leaves_out_what_is_unknown(make_yizhan, make_upstream, wheel):
    """null or "" makes uv reject the whole page."""
    yizhan = make_yizhan(make_upstream(Tree.aliyun([wheel])))
    entry = file_of(yizhan.page("sample"), wheel.filename)
    assert all(value is not None and value != "" for value in entry.values())
    assert {"size", "upload-time", "provenance"}.isdisjoint(entry)


def test_pages_json_null_members_of_upstream_are_unknown(make_yizhan, make_upstream):
    entry = {"filename": "odd-1.0.tar.gz", "url": "../../f/odd-1.0.tar.gz", "hashes": {}, "size": None}
    entry.update({"upload-time": None, "requires-python": None, "yanked": None, "core-metadata": None})
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": "odd", "files": [entry]})
    yizhan, _ = serve_page(make_yizhan, make_upstream, body, JSON_TYPE)
    told = file_of(yizhan.page("odd"), "odd-1.0.tar.gz")
    assert None not in told.values()


# ---- everything known, to HTML ----


def test_pages_html_declares_version(told_yizhan):
    assert html_page(told_yizhan, "told").meta["pypi:repository-version"][0].startswith("1.")


def test_pages_html_carries_attributes(told_yizhan, told):
    link = html_page(told_yizhan, "told").link(told[0].filename)
    assert link["href"].endswith(f"#sha256={told[0].sha256}")
    assert link["data-requires-python"] == ">=3.6, <4"
    assert link["data-yanked"] == told[0].yanked
    assert link["data-provenance"] == told[0].provenance
    assert link["data-gpg-sig"] == "true"


def test_pages_html_carries_metadata_under_both_names(told_yizhan, told):
    link = html_page(told_yizhan, "told").link(told[0].filename)
    assert link["data-core-metadata"] == link["data-dist-info-metadata"] == f"sha256={told[0].metadata_sha256}"
    assert "data-core-metadata" not in html_page(told_yizhan, "told").link(told[3].filename)


def test_pages_html_yanked_without_reason(told_yizhan, told):
    page = html_page(told_yizhan, "told")
    assert page.link(told[1].filename)["data-yanked"] in ("", None)
    assert "data-yanked" not in page.link(told[2].filename)


def test_pages_html_escapes_comparisons(told_yizhan):
    text = told_yizhan.get("/simple/told/", {"Accept": HTML_TYPE}).text
    assert 'data-requires-python="&gt;=3.6, &lt;4"' in text


def test_pages_html_carries_project_facts(told_yizhan):
    meta = html_page(told_yizhan, "told").meta
    assert meta["pypi:project-status"] == ["archived"]
    assert meta["pypi:project-status-reason"] == ["moved <away> & gone"]
    assert meta["pypi:tracks"] == ALL_TOLD["meta"]["tracks"]
    assert meta["pypi:alternate-locations"] == ALL_TOLD["alternate-locations"]


# ---- links ----


def test_pages_links_are_relative_and_official(told_yizhan, told):
    page, as_html = told_yizhan.page("told"), html_page(told_yizhan, "told")
    for dist in told:
        for url in (file_of(page, dist.filename)["url"], as_html.link(dist.filename)["href"]):
            assert url.startswith("../../packages/")
            assert same_path(target_of("told", url), dist.path)


def test_pages_links_work(told_yizhan, told):
    page = told_yizhan.page("told")
    for dist in told:
        response = told_yizhan.get(target_of("told", file_of(page, dist.filename)["url"]))
        assert (response.status, response.body) == (200, dist.data)


@pytest.mark.parametrize("hashes", ["sha256", "md5", ""])
def test_pages_other_layout_gets_stable_path(make_yizhan, make_upstream, wheel, hashes):
    upstream = make_upstream(Tree([wheel], flat=True, hashes=hashes))
    yizhan = make_yizhan(upstream)
    target = target_of("sample", file_of(yizhan.page("sample"), wheel.filename)["url"])
    assert target.startswith("/packages/") and target.endswith("/" + wheel.filename)
    response = yizhan.get(target)
    assert (response.status, response.body) == (200, wheel.data)
    yizhan.restart()
    assert target_of("sample", file_of(yizhan.page("sample"), wheel.filename)["url"]) == target
    upstream.stop()
    assert yizhan.get(target).body == wheel.data


# ---- upstream HTML of every shape ----


def test_pages_html_upstream_tells_the_same(make_yizhan, make_upstream, told):
    """What HTML can say arrives as from JSON."""
    yizhan = make_yizhan(make_upstream(Tree(told, has_json=False)))
    page = yizhan.page("told")
    for dist in told:
        entry = file_of(page, dist.filename)
        assert entry["hashes"] == {"sha256": dist.sha256}
        assert entry.get("requires-python") == dist.requires_python
        assert entry.get("yanked", False) == (dist.yanked or False)
    assert file_of(page, told[0].filename)["core-metadata"] == {"sha256": told[0].metadata_sha256}


def test_pages_html_upstream_project_facts(make_yizhan, make_upstream, wheel):
    meta = (
        '<meta name="pypi:project-status" content="deprecated"><meta name="pypi:project-status-reason" content="old">'
        '<meta name="pypi:tracks" content="https://example.org/simple/odd/">'
        '<meta name="pypi:alternate-locations" content="https://alt.example.org/simple/odd/">'
    )
    body = f'<html><head>{meta}</head><body><a href="odd-1.0.tar.gz">odd-1.0.tar.gz</a></body></html>'
    yizhan, _ = serve_page(make_yizhan, make_upstream, body)
    page = yizhan.page("odd")
    assert page["project-status"] == {"status": "deprecated", "reason": "old"}
    assert page["meta"]["tracks"] == ["https://example.org/simple/odd/"]
    assert page["alternate-locations"] == ["https://alt.example.org/simple/odd/"]


@pytest.mark.parametrize(
    "href",
    [
        "odd-1.0.tar.gz",
        "./odd-1.0.tar.gz",
        "/simple/odd/odd-1.0.tar.gz",
        "../odd/odd-1.0.tar.gz",
        "../../../../simple/odd/odd-1.0.tar.gz",
        "odd-1.0.tar.gz#egg=odd-1.0",
        "odd%2D1.0.tar.gz",
        "odd-1.0&#46;tar.gz",
    ],
)
def test_pages_html_upstream_link_forms(make_yizhan, make_upstream, href):
    body = f'<!DOCTYPE html><title>x</title><a href="{href}">odd-1.0.tar.gz</a>'
    yizhan, _ = serve_page(make_yizhan, make_upstream, body, files=[("/simple/odd/odd-1.0.tar.gz", ODD)])
    target = target_of("odd", file_of(yizhan.page("odd"), "odd-1.0.tar.gz")["url"])
    assert yizhan.get(target).body == ODD


def test_pages_html_upstream_absolute_link(make_yizhan, make_upstream):
    upstream = make_upstream(Tree([]))
    body = f'<a href="{upstream.url}/f/odd-1.0.tar.gz">odd-1.0.tar.gz</a>'
    upstream.on("/simple/odd/", Answer(body=body.encode(), content_type=HTML_TYPE))
    upstream.on("/f/odd-1.0.tar.gz", Answer(body=ODD))
    yizhan = make_yizhan(upstream)
    assert yizhan.get(target_of("odd", yizhan.page("odd")["files"][0]["url"])).body == ODD


def test_pages_html_upstream_base_element(make_yizhan, make_upstream):
    body = '<html><head><base href="/elsewhere/"></head><body><a href="odd-1.0.tar.gz">odd-1.0.tar.gz</a></body></html>'
    yizhan, _ = serve_page(make_yizhan, make_upstream, body, files=[("/elsewhere/odd-1.0.tar.gz", ODD)])
    assert yizhan.get(target_of("odd", yizhan.page("odd")["files"][0]["url"])).body == ODD


def test_pages_html_upstream_entities_and_escapes(make_yizhan, make_upstream):
    """Entities, then percent-decoding: 1!2.0+a and 1%212.0%2Ba are one file."""
    data, sha = ODD, hashlib.sha256(ODD).hexdigest()
    body = f'<a href="odd-1%212.0%2Ba.tar.gz&#35;sha256={sha}" data-requires-python="&gt;=3.8">odd-1!2.0+a.tar.gz</a>'
    yizhan, _ = serve_page(make_yizhan, make_upstream, body, files=[("/simple/odd/odd-1!2.0+a.tar.gz", data)])
    entry = file_of(yizhan.page("odd"), "odd-1!2.0+a.tar.gz")
    assert entry["requires-python"] == ">=3.8"
    assert entry["hashes"] == {"sha256": sha}
    target = target_of("odd", entry["url"])
    assert yizhan.get(target).body == data
    assert yizhan.get(target.replace("+", "%2B").replace("!", "%21")).body == data
    assert yizhan.get(target.replace("%2B", "+").replace("%21", "!")).body == data


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "sha384", "sha512", "sha256"])
def test_pages_html_upstream_hash_is_checked(make_yizhan, make_upstream, algorithm):
    good = hashlib.new(algorithm, ODD).hexdigest()
    body = f'<a href="odd-1.0.tar.gz#{algorithm}={good}">odd-1.0.tar.gz</a>'
    yizhan, upstream = serve_page(
        make_yizhan, make_upstream, body, files=[("/simple/odd/odd-1.0.tar.gz", b"forgery")]
    )
    entry = file_of(yizhan.page("odd"), "odd-1.0.tar.gz")
    assert entry["hashes"] == {algorithm: good}
    target = target_of("odd", entry["url"])
    response = yizhan.get(target)
    assert response.status != 200 or not response.complete
    assert yizhan.blob_path(hashlib.sha256(b"forgery").hexdigest()).exists() is False
    upstream.on("/simple/odd/odd-1.0.tar.gz", Answer(body=ODD))
    assert yizhan.get(target).body == ODD


def test_pages_html_upstream_unknown_hash_is_left_out(make_yizhan, make_upstream):
    """uv refuses a page with an algorithm that it does not know."""
    yizhan, _ = serve_page(make_yizhan, make_upstream, '<a href="odd-1.0.tar.gz#crc32=12345678">odd-1.0.tar.gz</a>')
    assert file_of(yizhan.page("odd"), "odd-1.0.tar.gz")["hashes"] == {}
    assert "crc32" not in yizhan.get("/simple/odd/", {"Accept": HTML_TYPE}).text


def test_pages_other_hash_gains_sha256_once_known(make_yizhan, make_upstream, wheel):
    """Once a file is in the store its sha256 is known, and poetry need not download it to learn that."""
    yizhan = make_yizhan(make_upstream(Tree([wheel], hashes="md5")))
    assert yizhan.get(target_of("sample", file_of(yizhan.page("sample"), wheel.filename)["url"])).status == 200
    yizhan.wait_idle()
    assert file_of(yizhan.page("sample"), wheel.filename)["hashes"]["sha256"] == wheel.sha256


@pytest.mark.parametrize("content_type", [JSON_TYPE, "application/octet-stream", "application/json", "text/plain"])
def test_pages_json_upstream_is_sniffed(make_yizhan, make_upstream, wheel, content_type):
    upstream = make_upstream(Tree.tuna([wheel]))
    upstream.on("/simple/sample/", Answer(body=upstream.tree.json_page("sample"), content_type=content_type))
    assert file_of(make_yizhan(upstream).page("sample"), wheel.filename)["size"] == len(wheel.data)


def test_pages_html_upstream_is_sniffed(make_yizhan, make_upstream, wheel):
    upstream = make_upstream(Tree.tuna([wheel]))
    body = upstream.tree.html_page("sample")
    upstream.on("/simple/sample/", Answer(body=body, content_type="application/octet-stream"))
    assert file_of(make_yizhan(upstream).page("sample"), wheel.filename)["hashes"]["sha256"] == wheel.sha256


def test_pages_upstream_is_asked_for_json_first(yizhan, upstream):
    yizhan.page("sample")
    accept = upstream.asked("/simple/sample/")[0].header("Accept")
    assert JSON_TYPE in accept.split(";")[0] and HTML_TYPE in accept


def test_pages_large_project(make_yizhan, make_upstream):
    """Thousands of files, as real projects have."""
    hexes = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(5000)]
    files = "".join(
        f'<a href="../../packages/{h[:2]}/{h[2:4]}/{h[4:]}/odd-{number}.tar.gz#sha256={h}">odd-{number}.tar.gz</a>\n'
        for number, h in enumerate(hexes)
    )
    yizhan, _ = serve_page(make_yizhan, make_upstream, f"<!DOCTYPE html><body>{files}</body>")
    assert len(yizhan.page("odd")["files"]) == 5000
    assert len(Page(yizhan.get("/simple/odd/", {"Accept": HTML_TYPE, "Accept-Encoding": "gzip"}).text).links) == 5000


def test_pages_empty_project(make_yizhan, make_upstream):
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": "odd", "files": []})
    yizhan, _ = serve_page(make_yizhan, make_upstream, body, JSON_TYPE)
    assert yizhan.page("odd")["files"] == []


# ---- held in the store ----


def test_pages_unreadable_for_a_while_are_not_forgotten(yizhan, upstream, wheel):
    """A page's bytes that are there, but cannot be opened: once they can, the page is served without upstreams."""
    yizhan.page("sample")
    yizhan.wait_idle()
    yizhan.stop()
    upstream.stop()
    ((digest,),) = yizhan.index_rows("SELECT digest FROM entry WHERE space = 'page' AND key = 'sample'")
    blob = yizhan.blob_path(digest.hex())
    aside = yizhan.store / "aside"
    blob.rename(aside)
    blob.symlink_to(aside)
    yizhan.start()
    assert yizhan.get("/simple/sample/").status == 503
    assert "cannot be used" in yizhan.stderr
    yizhan.stop()
    aside.rename(blob)
    yizhan.start()
    assert file_of(yizhan.page("sample"), wheel.filename)
