""".metadata of wheels: from upstream, else out of the wheel; only what can be served is advertised."""

from dataclasses import replace

import pytest
from lib.packages import make_sdist, make_wheel, zip_bytes
from lib.pages import file_of, html_page
from lib.tree import Tree
from lib.upstream import Answer


@pytest.fixture
def yizhan(yizhan):
    """Clients ask for the page first; it tells the hash of the metadata."""
    yizhan.page("sample")
    return yizhan


@pytest.fixture
def lies():
    """A tree that advertises what it does not have."""
    return Tree.tuna([make_wheel("sample", "1.0", requires=["dep>=1"])])


def test_metadata_from_upstream(yizhan, upstream, wheel):
    response = yizhan.get(wheel.path + ".metadata")
    assert (response.status, response.body, response.complete) == (200, wheel.metadata, True)
    assert response.length == len(wheel.metadata)
    assert not upstream.asked(upstream.tree.file_path(wheel))


def test_metadata_headers(yizhan, wheel):
    response = yizhan.get(wheel.path + ".metadata")
    assert response.header("Content-Encoding") is None
    assert "immutable" in response.header("Cache-Control")
    assert response.header("ETag").startswith('"')


def test_metadata_head(yizhan, wheel):
    response = yizhan.head(wheel.path + ".metadata")
    assert (response.status, response.length, response.body) == (200, len(wheel.metadata), b"")


def test_metadata_if_none_match_is_304(yizhan, wheel):
    etag = yizhan.get(wheel.path + ".metadata").header("ETag")
    assert yizhan.get(wheel.path + ".metadata", {"If-None-Match": etag}).status == 304


def test_metadata_is_fetched_once(yizhan, upstream, wheel):
    for _ in range(3):
        assert yizhan.get(wheel.path + ".metadata").body == wheel.metadata
        yizhan.wait_idle()
    assert len(upstream.asked(upstream.tree.metadata_path(wheel))) == 1


def test_metadata_survives_restart(yizhan, upstream, wheel):
    yizhan.get(wheel.path + ".metadata")
    yizhan.wait_idle()
    upstream.stop()
    yizhan.restart()
    assert yizhan.get(wheel.path + ".metadata").body == wheel.metadata


def test_metadata_is_taken_out_of_the_wheel_at_commit(make_yizhan, make_upstream, wheel):
    """An upstream without .metadata: once the wheel is in the store, it is there."""
    upstream = make_upstream(Tree.aliyun([wheel]))
    yizhan = make_yizhan(upstream)
    yizhan.page("sample")
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    upstream.stop()
    assert yizhan.get(wheel.path + ".metadata").body == wheel.metadata


def test_metadata_is_advertised_once_the_wheel_is_cached(make_yizhan, make_upstream, wheel):
    yizhan = make_yizhan(make_upstream(Tree.aliyun([wheel])))
    assert not file_of(yizhan.page("sample"), wheel.filename).get("core-metadata", False)
    assert "data-core-metadata" not in html_page(yizhan, "sample").link(wheel.filename)
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    told = f"sha256={wheel.metadata_sha256}"
    assert file_of(yizhan.page("sample"), wheel.filename)["core-metadata"] == {"sha256": wheel.metadata_sha256}
    assert html_page(yizhan, "sample").link(wheel.filename)["data-core-metadata"] == told


def test_metadata_etag_of_page_changes_when_more_is_advertised(make_yizhan, make_upstream, wheel):
    yizhan = make_yizhan(make_upstream(Tree.aliyun([wheel])))
    before = yizhan.get("/simple/sample/").header("ETag")
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    assert yizhan.get("/simple/sample/").header("ETag") != before


def test_metadata_missing_upstream_comes_from_another(make_yizhan, make_upstream, lies):
    first, second = make_upstream(lies), make_upstream(lies)
    dist = lies.dists[0]
    first.on(lies.metadata_path(dist), Answer(404))
    yizhan = make_yizhan(first, second)
    assert file_of(yizhan.page("sample"), dist.filename)["core-metadata"]
    assert yizhan.get(dist.path + ".metadata").body == dist.metadata
    assert not first.asked(lies.file_path(dist)) and not second.asked(lies.file_path(dist))


def test_metadata_missing_everywhere_comes_from_the_wheel(make_yizhan, make_upstream, lies):
    upstream = make_upstream(lies)
    dist = lies.dists[0]
    upstream.on(lies.metadata_path(dist), Answer(404))
    yizhan = make_yizhan(upstream)
    assert file_of(yizhan.page("sample"), dist.filename)["core-metadata"]
    response = yizhan.get(dist.path + ".metadata")
    assert (response.status, response.body) == (200, dist.metadata)


def test_metadata_of_wrong_hash_comes_from_another(make_yizhan, make_upstream, lies):
    first, second = make_upstream(lies), make_upstream(lies)
    dist = lies.dists[0]
    first.on(lies.metadata_path(dist), Answer(body=dist.metadata + b"forged: yes\n"))
    yizhan = make_yizhan(first, second)
    yizhan.page("sample")
    assert yizhan.get(dist.path + ".metadata").body == dist.metadata
    assert yizhan.metric("upstream_mismatches_total") >= 1


def test_metadata_of_wrong_hash_everywhere_comes_from_the_wheel(make_yizhan, make_upstream, lies):
    upstream = make_upstream(lies)
    dist = lies.dists[0]
    upstream.on(lies.metadata_path(dist), Answer(body=dist.metadata + b"forged: yes\n"))
    yizhan = make_yizhan(upstream)
    yizhan.page("sample")
    assert yizhan.get(dist.path + ".metadata").body == dist.metadata


def test_metadata_not_advertised_comes_from_the_wheel(make_yizhan, make_upstream, wheel):
    """uv and pip may ask for it by habit."""
    yizhan = make_yizhan(make_upstream(Tree.aliyun([wheel])))
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    assert yizhan.get(wheel.path + ".metadata").body == wheel.metadata


def test_metadata_without_any_page_comes_from_the_wheel(make_yizhan, upstream, wheel):
    """Nothing tells its hash; the wheel can be verified by its path."""
    assert make_yizhan(upstream).get(wheel.path + ".metadata").body == wheel.metadata


def test_metadata_of_sdist_is_404(make_yizhan, make_upstream):
    sdist = make_sdist("sample", "1.0")
    yizhan = make_yizhan(make_upstream(Tree.tuna([sdist])))
    yizhan.page("sample")
    assert yizhan.get(sdist.path + ".metadata").status == 404


def test_metadata_of_unknown_file_is_404(yizhan):
    assert yizhan.get(f"/packages/00/00/{'0' * 60}/sample-9.0-py3-none-any.whl.metadata").status == 404


def test_metadata_of_broken_wheel_is_not_advertised(make_yizhan, make_upstream, wheel):
    """A file with the right hash that is no zip is served as it is, and nothing more is promised."""
    broken = replace(wheel, data=b"this is no zip archive", metadata=None)
    yizhan = make_yizhan(make_upstream(Tree.aliyun([broken])))
    yizhan.page("sample")
    assert yizhan.get(broken.path).body == broken.data
    yizhan.wait_idle()
    assert not file_of(yizhan.page("sample"), broken.filename).get("core-metadata", False)
    assert yizhan.get(broken.path + ".metadata").status == 404


def test_metadata_bomb_in_wheel_is_not_unpacked(make_yizhan, make_upstream, wheel):
    data = zip_bytes([("sample-1.0.dist-info/METADATA", b"Name: sample\n" + bytes(64 << 20))])
    bomb = replace(wheel, data=data, metadata=None)
    yizhan = make_yizhan(make_upstream(Tree.aliyun([bomb])))
    yizhan.page("sample")
    assert yizhan.get(bomb.path).body == data
    yizhan.wait_idle()
    assert yizhan.get(bomb.path + ".metadata").status == 404
