"""Requests that ask for nothing but what is held (Cache-Control: only-if-cached, RFC 9111 section 5.2.1.7), and what answers
say of the store (Cache-Status, RFC 9211)."""

import threading

import pytest
from lib import client
from lib.client import Background
from lib.images import layer, make_image, noise
from lib.packages import make_wheel
from lib.registry_api import LIBRARY, content_of_image, error_code, pull_all
from lib.tree import Tree
from lib.wait import wait_until

PAGE = "/simple/sample/"
HELD_ONLY = {"Cache-Control": "only-if-cached"}
HIT = "yizhan; hit"
MISS = "yizhan; fwd=uri-miss"
COLLAPSED = "yizhan; fwd=uri-miss; collapsed"
EVICTED = "yizhan; detail=evicted"


def targets(wheel):
    return [PAGE, "/simple/", "/pypi/sample/json", wheel.path, wheel.path + ".metadata"]


def registry_targets(image):
    manifests, blobs = f"/v2/{LIBRARY}/manifests/", f"/v2/{LIBRARY}/blobs/"
    return [
        manifests + "1.0",
        manifests + image.digest,
        blobs + layer_of(image),
        f"/v2/{LIBRARY}/tags/list",
        f"/v2/{LIBRARY}/referrers/{image.digest}",
    ]


def layer_of(image):
    return next(digest for digest in content_of_image(image) if digest != image.digest)


def hold(yizhan, upstream, targets):
    """Makes it hold all of them. Returns how much has been asked for that."""
    for target in targets:
        assert yizhan.get(target).status == 200
    yizhan.wait_idle()
    return len(upstream.asked())


def quiet(yizhan, upstream, asked):
    """Nothing is asked upstream, not in the background either."""
    yizhan.wait_idle()
    return len(upstream.asked()) == asked


# ---- nothing is held ----


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("number", range(5))
def test_held_only_is_504_for_what_is_not_held(yizhan, upstream, wheel, method, number):
    response = getattr(yizhan, method)(targets(wheel)[number], HELD_ONLY)
    assert response.status == 504
    assert method == "head" or "only-if-cached" in response.text
    assert quiet(yizhan, upstream, 0)
    assert yizhan.metric("upstream_requests_total") == 0


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("number", range(5))
def test_held_only_is_504_for_images_that_are_not_held(mirror, registry, image, method, number):
    response = getattr(mirror, method)(registry_targets(image)[number], HELD_ONLY)
    assert response.status == 504
    assert method == "head" or error_code(response, 504) == "UNAVAILABLE"
    assert quiet(mirror, registry, 0)


@pytest.mark.parametrize(
    "value", ["max-age=0, Only-If-Cached", "only-if-cached ,no-transform", "no-cache,only-if-cached"]
)
def test_held_only_is_one_of_several_directives(yizhan, upstream, value):
    assert yizhan.get(PAGE, {"Cache-Control": value}).status == 504
    assert quiet(yizhan, upstream, 0)


@pytest.mark.parametrize("value", ["max-age=0", "no-cache", "only-if-cachedx", "x=only-if-cached"])
def test_held_only_other_directives_mean_nothing(yizhan, value):
    assert yizhan.get(PAGE, {"Cache-Control": value}).status == 200


def test_held_only_in_a_second_header_line(yizhan, upstream):
    assert yizhan.get(PAGE, [("Cache-Control", "max-age=0"), ("Cache-Control", "only-if-cached")]).status == 504
    assert quiet(yizhan, upstream, 0)


def test_held_only_file_on_a_page_that_is_held(yizhan, upstream, wheel):
    """HEAD knows the size, but that is not the file."""
    yizhan.page("sample")
    yizhan.wait_idle()
    asked = len(upstream.asked())
    assert yizhan.get(wheel.path, HELD_ONLY).status == 504
    assert yizhan.head(wheel.path, HELD_ONLY).status == 504
    assert yizhan.get(wheel.path + ".metadata", HELD_ONLY).status == 504
    assert quiet(yizhan, upstream, asked)
    assert yizhan.head(wheel.path).status == 200


def test_held_only_says_404_where_the_server_is_offline(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, server={"offline": "yes"})
    assert yizhan.get(PAGE, HELD_ONLY).status == 404


def test_held_only_of_a_known_absence(yizhan, upstream):
    assert yizhan.get("/simple/nowhere/").status == 404
    asked = len(upstream.asked())
    assert yizhan.get("/simple/nowhere/", HELD_ONLY).status == 504
    assert quiet(yizhan, upstream, asked)


# ---- held ----


def test_held_only_serves_at_any_age(yizhan, upstream, wheel):
    asked = hold(yizhan, upstream, targets(wheel))
    yizhan.advance(400 * 86400)
    for target in targets(wheel):
        assert yizhan.get(target, HELD_ONLY).status == 200
        assert yizhan.head(target, HELD_ONLY).status == 200
    assert yizhan.get(wheel.path, HELD_ONLY).body == wheel.data
    assert yizhan.get(wheel.path + ".metadata", HELD_ONLY).body == wheel.metadata
    assert quiet(yizhan, upstream, asked)


def test_held_only_serves_after_a_restart(yizhan, upstream, wheel):
    asked = hold(yizhan, upstream, targets(wheel))
    yizhan.restart()
    for target in targets(wheel):
        assert yizhan.get(target, HELD_ONLY).status == 200
    assert quiet(yizhan, upstream, asked)


def test_held_only_metadata_of_a_wheel_that_is_held(yizhan, upstream, wheel):
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    asked = len(upstream.asked())
    response = yizhan.get(wheel.path + ".metadata", HELD_ONLY)
    assert (response.body, response.header("Cache-Status")) == (wheel.metadata, HIT)
    assert quiet(yizhan, upstream, asked)


def test_held_only_serves_images_at_any_age(mirror, registry, image):
    pull_all(mirror, LIBRARY, "1.0")
    asked = hold(mirror, registry, registry_targets(image))
    mirror.advance(400 * 86400)
    for target in registry_targets(image):
        assert mirror.get(target, HELD_ONLY).status == 200
        if "/blobs/" in target or "/manifests/" in target:
            response = mirror.head(target, HELD_ONLY)
            assert response.status == 200
            assert response.length == mirror.get(target, HELD_ONLY).length
    assert quiet(mirror, registry, asked)


def test_held_only_tag_without_its_manifest(mirror, registry):
    """HEAD of a tag has brought the tag alone."""
    assert mirror.manifest(LIBRARY, "1.0", "HEAD").status == 200
    mirror.wait_idle()
    asked = len(registry.asked())
    assert mirror.manifest(LIBRARY, "1.0", "HEAD", HELD_ONLY).status == 504
    assert mirror.manifest(LIBRARY, "1.0", "GET", HELD_ONLY).status == 504
    assert quiet(mirror, registry, asked)


def test_held_only_tells_what_was_evicted(make_yizhan, upstream):
    """Each fits alone; the page and the first file have to go for the second one."""
    dists = [make_wheel(f"large-{number}", "1.0", size=600_000) for number in range(2)]
    upstream.mount(Tree.tuna(dists))
    small = make_yizhan(upstream, storage={"max_size": "1M"})
    first = [f"/simple/{dists[0].project}/", dists[0].path, dists[0].path + ".metadata"]
    for target in first:
        assert small.get(target).status == 200
        small.wait_idle()
        assert small.head(target, HELD_ONLY).status == 200
    small.advance(1)
    assert small.get(dists[1].path).status == 200
    small.wait_idle()
    for method in ("HEAD", "GET"):
        gone = client.fetch(small.port, dists[0].path, method, HELD_ONLY)
        assert (gone.status, gone.header("Cache-Status")) == (504, EVICTED)
        never = client.fetch(small.port, dists[1].path + "x", method, HELD_ONLY)
        assert (never.status, never.header("Cache-Status")) == (504, None)
    small.advance(1)
    assert small.get(dists[0].path).status == 200
    small.wait_idle()
    assert small.head(dists[0].path, HELD_ONLY).header("Cache-Status") == HIT


def test_held_only_tells_what_was_evicted_of_an_image(make_yizhan, make_registry):
    images = [make_image([layer({"a": noise(600_000, seed)})]) for seed in range(2)]
    registry = make_registry()
    for number, image in enumerate(images):
        registry.add(LIBRARY, image, f"1.{number}")
    small = make_yizhan(registries={"docker.io": [registry]}, storage={"max_size": "1M"})
    pull_all(small, LIBRARY, "1.0")
    small.wait_idle()
    small.advance(1)
    pull_all(small, LIBRARY, "1.1")
    small.wait_idle()
    for target in (
        small_target := f"/v2/{LIBRARY}/blobs/{layer_of(images[0])}",
        f"/v2/{LIBRARY}/manifests/{images[0].digest}",
        f"/v2/{LIBRARY}/manifests/1.0",
    ):
        for method in ("HEAD", "GET"):
            gone = client.fetch(small.port, target, method, HELD_ONLY)
            assert (gone.status, gone.header("Cache-Status")) == (504, EVICTED), target
    never = small.head(small_target[:-8] + "00000000", HELD_ONLY)
    assert (never.status, never.header("Cache-Status")) == (504, None)


def test_held_only_range(yizhan, wheel):
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    response = yizhan.get(wheel.path, {**HELD_ONLY, "Range": "bytes=0-0"})
    assert (response.status, response.body) == (206, wheel.data[:1])


# ---- on its way, and lost ----


def test_held_only_does_not_join_a_running_fill(yizhan, upstream, big_wheel):
    gate = threading.Event()
    upstream.change(upstream.tree.file_path(big_wheel), body_gate=gate, gate_after=1 << 20)
    first = Background(yizhan.get, big_wheel.path)
    wait_until(lambda: upstream.asked(upstream.tree.file_path(big_wheel)), "the fill is under way")
    assert yizhan.get(big_wheel.path, HELD_ONLY).status == 504
    gate.set()
    assert first.result().body == big_wheel.data
    yizhan.wait_idle()
    assert yizhan.get(big_wheel.path, HELD_ONLY).body == big_wheel.data


def test_held_only_does_not_join_a_running_page_fill(yizhan, upstream):
    gate = threading.Event()
    upstream.change(PAGE, gate=gate)
    first = Background(yizhan.page, "sample")
    wait_until(lambda: upstream.asked(PAGE), "the fill is under way")
    assert yizhan.get(PAGE, HELD_ONLY).status == 504
    gate.set()
    first.result()
    yizhan.wait_idle()
    assert yizhan.get(PAGE, HELD_ONLY).status == 200


def test_held_only_ignores_what_memory_alone_has(yizhan, upstream, wheel):
    """A small file that is hot, whose blob has gone from the disk."""
    for _ in range(3):
        yizhan.get(wheel.path)
        yizhan.wait_idle()
    yizhan.blob_path(wheel.sha256).unlink()
    asked = len(upstream.asked())
    assert yizhan.get(wheel.path, HELD_ONLY).status == 504
    assert quiet(yizhan, upstream, asked)


# ---- Cache-Status ----


def test_cache_status_of_a_file(yizhan, wheel):
    assert yizhan.get(wheel.path).header("Cache-Status") == MISS
    yizhan.wait_idle()
    for headers in ({}, {"Range": "bytes=1-3"}, {}):
        assert yizhan.get(wheel.path, headers).header("Cache-Status") == HIT
    assert yizhan.head(wheel.path).header("Cache-Status") == HIT


def test_cache_status_of_a_large_file(yizhan, big_wheel):
    assert yizhan.get(big_wheel.path).header("Cache-Status") == MISS
    yizhan.wait_idle()
    assert yizhan.get(big_wheel.path).header("Cache-Status") == HIT


def test_cache_status_of_a_file_that_another_has_asked_for(yizhan, upstream, big_wheel):
    gate = threading.Event()
    path = upstream.tree.file_path(big_wheel)
    upstream.change(path, body_gate=gate, gate_after=1 << 20)
    with yizhan.open(big_wheel.path) as first, yizhan.open(big_wheel.path) as second:
        heads = sorted(exchange.head().header("Cache-Status") for exchange in (first, second))
        gate.set()
        assert heads == [MISS, COLLAPSED]
        assert first.rest().body == second.rest().body == big_wheel.data
    assert len(upstream.asked(path)) == 1


def test_cache_status_of_metadata(yizhan, wheel):
    yizhan.page("sample")
    assert yizhan.get(wheel.path + ".metadata").header("Cache-Status") == MISS
    yizhan.wait_idle()
    assert yizhan.get(wheel.path + ".metadata").header("Cache-Status") == HIT


def test_cache_status_of_metadata_keeps_the_other_headers(yizhan, wheel):
    yizhan.page("sample")
    first, second = (yizhan.get(wheel.path + ".metadata") for _ in range(2))
    assert (first.body, second.body) == (wheel.metadata, wheel.metadata)
    for name in ("Content-Type", "Cache-Control", "ETag", "Content-Length"):
        assert first.header(name)
        assert first.header(name) == second.header(name)


def test_cache_status_of_an_image_blob(mirror, image):
    mirror.manifest(LIBRARY, "1.0")
    digest = layer_of(image)
    assert mirror.blob(LIBRARY, digest).header("Cache-Status") == MISS
    mirror.wait_idle()
    assert mirror.blob(LIBRARY, digest).header("Cache-Status") == HIT
    assert mirror.blob(LIBRARY, digest, "HEAD").header("Cache-Status") == HIT


def test_cache_status_is_not_said_by_errors(yizhan):
    assert yizhan.get("/packages/00/00/" + "0" * 60 + "/x-1.tar.gz").header("Cache-Status") is None
