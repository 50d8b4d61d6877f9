"""The registry API as clients see it: manifests, blobs, lists, referrers, errors."""

import json
import threading

import pytest
from lib import client
from lib.images import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Content,
    digest_of,
    layer,
    make_artifact,
    make_attestation,
    make_image,
    make_index,
    manifest_of,
    noise,
    schema1_manifest,
)
from lib.registry_api import LIBRARY, content_of_image, error_code, error_message, follow_pages, pull_all
from lib.scripted_registry import fallback_referrers
from lib.upstream import Answer
from lib.wait import wait_until

UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture(scope="session")
def image(big_image):
    return big_image


# ---- the base ----


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/v2/", "/v2", "/v2/?ns=docker.io"])
def test_images_base_is_there(mirror, registry, method, target):
    response = (mirror.get if method == "GET" else mirror.head)(target)
    assert (response.status, response.media_type) == (200, "application/json")
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
    assert response.body == (b"{}" if method == "GET" else b"")
    assert registry.asked() == []


def test_images_base_ignores_strange_credentials(mirror):
    """The docker command sends its hub log-in to mirrors; a 401 would make it leave us."""
    assert mirror.get("/v2/", {"Authorization": "Basic c2VjcmV0"}).status == 200
    assert mirror.manifest(LIBRARY, "1.0", headers={"Authorization": "Bearer nonsense"}).status == 200


# ---- manifests ----


@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("held", [False, True])
def test_images_manifest(mirror, image, by, method, held):
    reference = "1.0" if by == "tag" else image.digest
    if held:
        mirror.manifest(LIBRARY, reference)
    response = mirror.manifest(LIBRARY, reference, method)
    assert response.status == 200 and response.complete
    assert response.header("Content-Type") == DOCKER_MANIFEST
    assert response.length == len(image.manifest.body)
    assert response.header("Docker-Content-Digest") == image.digest
    assert response.header("ETag") == f'"{image.digest}"'
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
    assert response.body == (image.manifest.body if method == "GET" else b"")


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX])
def test_images_manifest_keeps_its_type(mirror, registry, media_type):
    """Whatever the client says it accepts: the bytes have one type only."""
    docker = media_type in (DOCKER_MANIFEST, DOCKER_LIST)
    one = make_image([layer({"a": b"a"}, docker=docker)], docker)
    added = make_index([one], docker) if media_type in (DOCKER_LIST, OCI_INDEX) else one
    registry.add(LIBRARY, added, "typed")
    for accepted in ({}, {"Accept": media_type}, {"Accept": "text/plain"}):
        response = mirror.manifest(LIBRARY, "typed", headers=accepted)
        assert (response.header("Content-Type"), response.body) == (media_type, added.manifest.body)


def test_images_manifest_type_has_no_parameters(mirror, registry, image):
    path = registry.manifest_path(LIBRARY, image.digest)
    registry.change(path, content_type=f"{DOCKER_MANIFEST}; charset=utf-8")
    assert mirror.manifest(LIBRARY, image.digest).header("Content-Type") == DOCKER_MANIFEST


@pytest.mark.parametrize("told", ["application/octet-stream", "text/plain", "application/json"])
def test_images_manifest_type_from_its_bytes(mirror, registry, image, told):
    """Static mirrors know no better."""
    registry.change(registry.manifest_path(LIBRARY, image.digest), content_type=told)
    assert mirror.manifest(LIBRARY, image.digest).header("Content-Type") == DOCKER_MANIFEST


@pytest.mark.parametrize("by", ["tag", "digest"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_images_manifest_not_modified(mirror, image, by, method):
    reference = "1.0" if by == "tag" else image.digest
    mirror.manifest(LIBRARY, reference)
    response = mirror.manifest(LIBRARY, reference, method, {"If-None-Match": f'"{image.digest}"'})
    assert (response.status, response.body) == (304, b"")
    assert response.header("ETag") == f'"{image.digest}"'


def test_images_manifest_survives_restart(mirror, registry, image):
    mirror.manifest(LIBRARY, "1.0")
    mirror.wait_idle()
    asked = len(registry.asked())
    mirror.restart()
    response = mirror.manifest(LIBRARY, "1.0")
    assert (response.header("Content-Type"), response.body) == (DOCKER_MANIFEST, image.manifest.body)
    assert len(registry.asked()) == asked


def test_images_manifest_of_sha512(mirror, registry):
    image = make_image([layer({"a": b"five-twelve"}, docker=False)], docker=False, algorithm="sha512")
    registry.add(LIBRARY, image, "long")
    for reference in ("long", image.digest):
        response = mirror.manifest(LIBRARY, reference)
        assert (response.status, response.body) == (200, image.manifest.body)
    assert mirror.manifest(LIBRARY, image.digest).header("Docker-Content-Digest") == image.digest


def test_images_index_with_attestation(mirror, registry, image):
    arm = make_image([layer({"a": b"arm"}, docker=False)], docker=False, architecture="arm64")
    index = registry.add(LIBRARY, make_index([image, arm, make_attestation(image)]), "many")
    assert pull_all(mirror, LIBRARY, "many") == content_of_image(index)


def test_images_manifest_without_upstream_length(mirror, registry, image):
    """dockerd needs our Content-Length, even where the upstream sends none."""
    for reference in ("1.0", image.digest):
        registry.change(registry.manifest_path(LIBRARY, reference), framing="chunked")
    for method in ("HEAD", "GET"):
        assert mirror.manifest(LIBRARY, "1.0", method).length == len(image.manifest.body)


def test_images_manifest_without_upstream_digest(mirror, registry, image):
    """Then only its bytes tell the digest."""
    for reference in ("1.0", image.digest):
        registry.change(registry.manifest_path(LIBRARY, reference), headers=())
    for method in ("HEAD", "GET"):
        response = mirror.manifest(LIBRARY, "1.0", method)
        assert (response.status, response.header("Docker-Content-Digest")) == (200, image.digest)


# ---- blobs ----


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("held", [False, True])
def test_images_blob(mirror, big, method, held):
    if held:
        mirror.blob(LIBRARY, big.digest)
        mirror.wait_idle()
    response = mirror.blob(LIBRARY, big.digest, method, {"Accept-Encoding": "zstd, gzip, deflate"})
    assert response.status == 200 and response.complete
    assert response.header("Content-Type") == "application/octet-stream"
    assert response.header("Content-Encoding") is None
    assert response.length == len(big.body)
    assert response.header("Docker-Content-Digest") == big.digest
    assert response.header("ETag") == f'"{big.digest}"'
    assert response.header("Accept-Ranges") == "bytes"
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
    assert response.body == (big.body if method == "GET" else b"")


def test_images_blob_head_fetches_no_bytes(mirror, registry, big):
    mirror.blob(LIBRARY, big.digest, "HEAD")
    assert registry.blob_gets(big.digest) == []


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    "wanted, start, end", [("bytes=1000000-", 1000000, None), ("bytes=5-104", 5, 105), ("bytes=-100", -100, None)]
)
def test_images_blob_range(mirror, big, held, wanted, start, end):
    if held:
        mirror.blob(LIBRARY, big.digest)
        mirror.wait_idle()
    response = mirror.blob(LIBRARY, big.digest, headers={"Range": wanted})
    expected = big.body[start:end]
    first = start % len(big.body)
    assert (response.status, response.body) == (206, expected)
    assert response.header("Content-Range") == f"bytes {first}-{first + len(expected) - 1}/{len(big.body)}"
    assert response.length == len(expected)


@pytest.mark.parametrize("held", [False, True])
def test_images_blob_range_past_the_end(mirror, big, held):
    if held:
        mirror.blob(LIBRARY, big.digest)
        mirror.wait_idle()
    response = mirror.blob(LIBRARY, big.digest, headers={"Range": f"bytes={len(big.body)}-"})
    assert error_code(response, 416) == "RANGE_INVALID"
    assert response.header("Content-Range") == f"bytes */{len(big.body)}"


def test_images_blob_if_range(mirror, big):
    wanted = {"Range": "bytes=100-", "If-Range": f'"{big.digest}"'}
    assert mirror.blob(LIBRARY, big.digest, headers=wanted).status == 206
    wanted["If-Range"] = f'"{UNKNOWN}"'
    assert mirror.blob(LIBRARY, big.digest, headers=wanted).status == 200


def test_images_blob_not_modified(mirror, big):
    mirror.blob(LIBRARY, big.digest)
    assert mirror.blob(LIBRARY, big.digest, headers={"If-None-Match": f'"{big.digest}"'}).status == 304


def test_images_blob_of_sha512(mirror, registry):
    body = noise(100000, "sha512")
    one = Content(body, "application/octet-stream", digest_of(body, "sha512"))
    registry.add(LIBRARY, manifest_of((one,)), "long")
    for _ in range(2):
        response = mirror.blob(LIBRARY, one.digest)
        assert (response.status, response.body) == (200, body)
        assert response.header("Docker-Content-Digest") == one.digest
        mirror.wait_idle()
    assert len(registry.blob_gets(one.digest)) == 1


def test_images_blob_is_fetched_once(mirror, registry, big):
    """One file in the store, whatever repository and tag it belongs to."""
    other = make_image([layer({"other": b"x"})])
    both = manifest_of((other.config, big), DOCKER_MANIFEST)
    registry.add("library/other", both, "1.0")
    assert pull_all(mirror, LIBRARY, "1.0")
    mirror.wait_idle()
    assert pull_all(mirror, "library/other", "1.0") == content_of_image(both)
    assert len(registry.blob_gets(big.digest)) == 1


def test_images_blob_streams_while_it_is_fetched(mirror, registry, big):
    gate = threading.Event()
    registry.change(registry.blob_path(LIBRARY, big.digest), body_gate=gate, gate_after=2 << 20)
    with mirror.open(f"/v2/{LIBRARY}/blobs/{big.digest}") as exchange:
        assert exchange.head().length == len(big.body)
        assert exchange.read(1 << 20) == big.body[: 1 << 20]
        gate.set()
        assert exchange.rest().body == big.body


# ---- lists ----


@pytest.fixture
def tagged(registry, image):
    """More tags, given to the upstream in no order."""
    registry.add(LIBRARY, image, *"latest 2.0 10 edge _x A.1".split())
    return sorted("1.0 latest 2.0 10 edge _x A.1".split())


def test_images_tags_are_sorted(mirror, tagged):
    response = mirror.get(f"/v2/{LIBRARY}/tags/list")
    assert response.json() == {"name": LIBRARY, "tags": tagged}
    assert response.media_type == "application/json"
    assert response.header("Link") is None


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_images_tags_in_pages(mirror, tagged, count):
    pages = follow_pages(mirror, f"/v2/{LIBRARY}/tags/list?n={count}", "tags")
    assert sum(pages, []) == tagged
    assert all(len(page) == count for page in pages[:-1])


def test_images_tags_none_wanted(mirror, tagged):
    response = mirror.get(f"/v2/{LIBRARY}/tags/list?n=0")
    assert (response.status, response.json()["tags"]) == (200, [])


def test_images_tags_last(mirror, tagged):
    """`last` need not be a tag that is there."""
    assert mirror.get(f"/v2/{LIBRARY}/tags/list?last=2.0").json()["tags"] == [t for t in tagged if t > "2.0"]
    assert mirror.get(f"/v2/{LIBRARY}/tags/list?last=1.5&n=1").json()["tags"] == ["10" if "10" > "1.5" else "2.0"]
    assert mirror.get(f"/v2/{LIBRARY}/tags/list?last=zzz").json()["tags"] == []


def test_images_tags_of_upstream_in_pages(mirror, registry, tagged):
    registry.page_size = 2
    assert mirror.get(f"/v2/{LIBRARY}/tags/list").json()["tags"] == tagged


@pytest.mark.parametrize("query", ["", "?n=0", "?n=5", "?last=a"])
def test_images_tags_of_unknown_repository(mirror, query):
    assert error_code(mirror.get(f"/v2/library/missing/tags/list{query}"), 404) == "NAME_UNKNOWN"


def test_images_tags_held_where_upstream_keeps_no_list(mirror, registry, image):
    """Mirrors often do not: the tags that were pulled, in pages as any list."""
    registry.add(LIBRARY, image, "2.0", "3.0")
    registry.on(registry.tags_path(LIBRARY), Answer(403))
    for tag in ("1.0", "2.0", "3.0"):
        mirror.manifest(LIBRARY, tag)
    target = f"/v2/{LIBRARY}/tags/list"
    wait_until(lambda: mirror.index_rows("SELECT count(*) FROM entry WHERE space = 'tag'")[0][0] == 3, "all are held")
    assert mirror.get(target).json()["tags"] == ["1.0", "2.0", "3.0"]
    assert follow_pages(mirror, f"{target}?n=2", "tags") == [["1.0", "2.0"], ["3.0"]]
    assert mirror.get(f"{target}?n=0").json()["tags"] == []
    assert mirror.get(f"{target}?last=3.0").json()["tags"] == []


def test_images_tags_head(mirror, tagged):
    response = mirror.head(f"/v2/{LIBRARY}/tags/list")
    assert (response.status, response.media_type) == (200, "application/json")


def test_images_catalog_is_what_is_held(make_yizhan, make_registry, registry, image):
    other = make_registry()
    other.add("owner/app", image, "1")
    mirror = make_yizhan(registries={"docker.io": [registry], "ghcr.io": [other]})
    assert mirror.get("/v2/_catalog").json() == {"repositories": []}
    mirror.manifest("ghcr.io/owner/app", "1")
    mirror.manifest(LIBRARY, "1.0")
    mirror.wait_idle()
    held = ["docker.io/library/hello", "ghcr.io/owner/app"]
    # What a manifest brings is entered into the index behind the answer.
    wait_until(lambda: mirror.get("/v2/_catalog").json() == {"repositories": held}, "both are in the catalog")
    assert follow_pages(mirror, "/v2/_catalog?n=1", "repositories")[:2] == [[name] for name in held]
    assert mirror.get("/v2/_catalog?n=5&last=docker.io/library/hello").json()["repositories"] == held[1:]
    assert mirror.get("/v2/_catalog?n=0").json()["repositories"] == []


# ---- referrers ----


@pytest.fixture
def signed(image):
    """Two artifacts of two kinds that refer to the image."""
    return [make_artifact(image, "application/vnd.example.signature"), make_artifact(image, "text/spdx", b"parts")]


def referrers(mirror, digest, query=""):
    response = mirror.get(f"/v2/{LIBRARY}/referrers/{digest}{query}")
    assert (response.status, response.header("Content-Type")) == (200, OCI_INDEX), response.body
    document = response.json()
    assert (document["schemaVersion"], document["mediaType"]) == (2, OCI_INDEX)
    return response, [(one["digest"], one["artifactType"]) for one in document["manifests"]]


@pytest.fixture(params=["api", "tag"])
def referring(request, registry, image, signed):
    """The registry tells of `signed` in the one or the other way."""
    if request.param == "api":
        for artifact in signed:
            registry.add(LIBRARY, artifact)
    else:
        registry.has_referrers = False
        fallback_referrers(registry, LIBRARY, image.digest, signed)
    return signed


def test_images_referrers(mirror, image, referring):
    expected = [(one.digest, json.loads(one.manifest.body)["artifactType"]) for one in referring]
    assert sorted(referrers(mirror, image.digest)[1]) == sorted(expected)


def test_images_referrers_of_one_kind(mirror, image, referring):
    response, found = referrers(mirror, image.digest, "?artifactType=text/spdx")
    assert found == [(referring[1].digest, "text/spdx")]
    assert response.header("OCI-Filters-Applied") == "artifactType"


@pytest.mark.parametrize("has_referrers", [True, False])
def test_images_referrers_of_unknown_are_none(mirror, registry, has_referrers):
    registry.has_referrers = has_referrers
    assert referrers(mirror, UNKNOWN)[1] == []


def test_images_referrers_of_no_digest(mirror):
    assert error_code(mirror.get(f"/v2/{LIBRARY}/referrers/sha256:short"), 400) == "DIGEST_INVALID"


# ---- errors ----


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("rest", ["manifests/1.0", f"blobs/{UNKNOWN}", "blobs/uploads/", "blobs/uploads/some-id"])
def test_images_writing_is_refused(mirror, method, rest):
    headers = {"Content-Length": "0"}
    response = client.fetch(mirror.port, f"/v2/{LIBRARY}/{rest}", method, headers)
    assert error_code(response, 405) == "UNSUPPORTED"
    assert {name.strip() for name in response.header("Allow").split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "name", ["Library/hello", "library/-hello", "library/hello-", "a__" + "_b", "library//hello", "x" * 256, "a b"]
)
def test_images_bad_name(mirror, registry, name):
    response = mirror.manifest(name.replace(" ", "%20"), "1.0")
    assert error_code(response, 400) == "NAME_INVALID"
    assert registry.asked() == []


@pytest.mark.parametrize("kind", ["blobs", "manifests"])
@pytest.mark.parametrize(
    "digest", ["sha256:short", "sha256:" + "A" * 64, "sha256:" + "0" * 65, "md5:" + "0" * 32, "sha512:" + "0" * 64]
)
def test_images_bad_digest(mirror, registry, kind, digest):
    assert error_code(mirror.get(f"/v2/{LIBRARY}/{kind}/{digest}"), 400) == "DIGEST_INVALID"
    assert registry.asked() == []


@pytest.mark.parametrize("tag", ["-x", "x" * 129, "%C3%A4", ".hidden", "a%3Fb"])
def test_images_bad_tag(mirror, registry, tag):
    """There can be no such manifest."""
    assert error_code(mirror.manifest(LIBRARY, tag), 404) == "MANIFEST_UNKNOWN"
    assert registry.asked() == []


@pytest.mark.parametrize("reference", ["none", UNKNOWN])
def test_images_unknown_manifest(mirror, reference):
    assert error_code(mirror.manifest(LIBRARY, reference), 404) == "MANIFEST_UNKNOWN"
    assert mirror.manifest(LIBRARY, reference, "HEAD").status == 404


def test_images_unknown_blob(mirror):
    assert error_code(mirror.blob(LIBRARY, UNKNOWN), 404) == "BLOB_UNKNOWN"
    assert mirror.blob(LIBRARY, UNKNOWN, "HEAD").status == 404


@pytest.mark.parametrize("rest", ["", "hello", "library/hello/manifests", "library/hello/unheard/of", "library/hello/"])
def test_images_unknown_path(mirror, rest):
    response = mirror.get(f"/v2/{rest or 'x'}")
    assert response.status in (400, 404)
    error_code(response, response.status)


def test_images_schema1_is_refused(mirror, registry):
    registry.add_manifest(LIBRARY, schema1_manifest(LIBRARY, "old"), "old")
    response = mirror.manifest(LIBRARY, "old")
    assert error_code(response, 404) == "MANIFEST_UNKNOWN"
    assert "schema 1" in error_message(response)


def test_images_nothing_held_and_nobody_answers(mirror, registry, image):
    registry.stop()
    for target in ("manifests/1.0", f"manifests/{image.digest}", f"blobs/{image.config.digest}", "tags/list"):
        response = mirror.get(f"/v2/{LIBRARY}/{target}")
        assert error_code(response, 503) == "UNAVAILABLE"
        assert int(response.header("Retry-After")) > 0


@pytest.mark.parametrize("target", ["/v2/..%2F..%2Fetc/passwd", "/v2/a%2Fb/manifests/1", "/v2/a%00b/manifests/1"])
def test_images_hostile_path(mirror, registry, target):
    assert mirror.get(target).status == 400
    assert registry.asked() == []
