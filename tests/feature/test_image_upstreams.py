"""Upstreams of registries that break, lie or attack: the next one, the store untouched, nothing wrong completed."""

import json
import threading
from itertools import count

import pytest
from lib.client import Background
from lib.images import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    Content,
    content_of,
    layer,
    make_image,
    make_index,
    manifest_of,
    noise,
)
from lib.registry_api import LIBRARY, content_of_image, error_code, manifest_requests, pull_all
from lib.upstream import Answer
from lib.wait import wait_until

HTML = Answer(body=b"<html><body>Please log in to the network</body></html>", content_type="text/html")


@pytest.fixture(scope="session")
def image(big_image):
    return big_image


@pytest.fixture
def pair(make_library):
    """Two upstreams with the same content."""
    return make_library(), make_library()


@pytest.fixture
def both(make_yizhan, pair):
    return make_yizhan(registries={"docker.io": pair})


@pytest.fixture
def lone(make_yizhan, pair):
    """The first upstream alone."""
    return make_yizhan(registries={"docker.io": pair[:1]})


def blob_path(registry, blob):
    return registry.blob_path(LIBRARY, blob.digest)


def spoil(data, at):
    """One wrong byte."""
    return data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]


def assert_whole(mirror, image):
    """In the end every client gets everything, and the store holds only what is right."""
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)
    mirror.wait_idle()
    mirror.assert_blobs_whole()


# ---- the next upstream ----


@pytest.mark.parametrize("trouble", [401, 403, 405, 429, 500, 502, 503, 504, "gone", "closed"])
def test_image_upstreams_trouble_goes_to_next(both, pair, image, trouble):
    if trouble == "gone":
        pair[0].stop()
    elif trouble == "closed":
        pair[0].on_everything(Answer(body=b"", length=100, cut_after=0))
    else:
        pair[0].on_everything(Answer(trouble, b"no"))
    assert_whole(both, image)


@pytest.mark.parametrize("trouble", [401, 403, 405, 429, 500, 502, 504])
def test_image_upstreams_trouble_is_never_passed_on(lone, pair, big, trouble):
    pair[0].on_everything(Answer(trouble, b"no", headers=(("Retry-After", "9999"),)))
    for target in ("manifests/1.0", f"blobs/{big.digest}", "tags/list"):
        response = lone.get(f"/v2/{LIBRARY}/{target}")
        assert error_code(response, 503) == "UNAVAILABLE"
        assert 0 < int(response.header("Retry-After")) <= 600


def test_image_upstreams_absence_needs_all(both, pair):
    added = make_image([layer({"only": b"second"})])
    pair[1].add(LIBRARY, added, "2.0")
    assert both.manifest(LIBRARY, "2.0").body == added.manifest.body
    assert both.blob(LIBRARY, added.layers[0].digest).body == added.layers[0].body


def test_image_upstreams_absence_is_not_concluded_from_trouble(both, pair):
    """One says no, the other cannot be asked."""
    pair[1].on_everything(Answer(500))
    assert error_code(both.manifest(LIBRARY, "2.0"), 503) == "UNAVAILABLE"


def test_image_upstreams_limited_by_white_list(both, pair, image):
    """403 for one image is no reason to leave the upstream for others."""
    pair[0].on(pair[0].manifest_path(LIBRARY, "1.0"), Answer(403, b"not in the white list"))
    other = make_image([layer({"allowed": b"yes"})])
    for registry in pair:
        registry.add("owner/app", other, "1")
    assert both.manifest(LIBRARY, "1.0").status == 200
    assert pull_all(both, "owner/app", "1") == content_of_image(other)


def test_image_upstreams_connections_are_limited(make_yizhan, make_registry):
    gate = threading.Event()
    registry = make_registry()
    image = registry.add(LIBRARY, make_image([layer({"n": noise(1000, n)}) for n in range(6)]), "1.0")
    for blob in image.layers:
        registry.change(blob_path(registry, blob), gate=gate)
    keys = {"upstream": [registry], "connections": 2}
    mirror = make_yizhan(registries={"docker.io": keys})
    mirror.manifest(LIBRARY, "1.0")
    clients = [Background(mirror.blob, LIBRARY, blob.digest) for blob in image.layers]
    wait_until(lambda: mirror.metric("fills_running") == 6, "six fills run")
    wait_until(lambda: len(registry.asked_kind("blobs")) >= 2, "two transfers run")
    assert len(registry.asked_kind("blobs")) == 2
    gate.set()
    assert [client.result().body for client in clients] == [blob.body for blob in image.layers]


# ---- layers that break ----


def test_image_upstreams_layer_goes_on_elsewhere(both, pair, big):
    pair[0].change(blob_path(pair[0], big), cut_after=2 << 20)
    response = both.blob(LIBRARY, big.digest)
    assert response.complete and response.body == big.body
    wanted = pair[1].blob_gets(big.digest)[-1].header("Range")
    assert wanted and 0 < int(wanted.removeprefix("bytes=").rstrip("-")) <= 2 << 20


def test_image_upstreams_layer_goes_on_from_the_same(lone, pair, big):
    pair[0].change(blob_path(pair[0], big), times=2, cut_after=1 << 20)
    response = lone.blob(LIBRARY, big.digest)
    assert response.complete and response.body == big.body
    assert [bool(one.header("Range")) for one in pair[0].blob_gets(big.digest)] == [False, True, True]


def test_image_upstreams_layer_goes_on_without_ranges(both, pair, big):
    pair[0].change(blob_path(pair[0], big), cut_after=2 << 20)
    pair[1].change(blob_path(pair[1], big), ranges=False)
    response = both.blob(LIBRARY, big.digest)
    assert response.complete and response.body == big.body


@pytest.mark.parametrize("lie", ["start", "total"])
def test_image_upstreams_wrong_206_is_noticed(make_yizhan, make_registry, pair, image, big, lie):
    liar = make_registry()
    liar.add(LIBRARY, image, "1.0")
    pair[0].change(blob_path(pair[0], big), cut_after=2 << 20)
    liar.change(blob_path(liar, big), wrong_206=lie)
    mirror = make_yizhan(registries={"docker.io": [pair[0], liar, pair[1]]})
    response = mirror.blob(LIBRARY, big.digest)
    assert response.complete and response.body == big.body


def test_image_upstreams_wrong_bytes_after_the_joint(both, pair, big, image):
    pair[0].change(blob_path(pair[0], big), cut_after=2 << 20)
    pair[1].change(blob_path(pair[1], big), wrong_206="bytes")
    response = both.blob(LIBRARY, big.digest)
    assert not response.complete or response.body == big.body
    for registry in pair:
        registry.forget()
    both.wait_idle()
    assert_whole(both, image)


def test_image_upstreams_layer_once_for_many(lone, pair, big):
    gate = threading.Event()
    pair[0].change(blob_path(pair[0], big), body_gate=gate, gate_after=1 << 20)
    clients = [Background(lone.blob, LIBRARY, big.digest) for _ in range(10)]
    wait_until(lambda: lone.metric("connections") > 10, "all clients are there")
    gate.set()
    assert all(client.result().body == big.body for client in clients)
    assert len(pair[0].blob_gets(big.digest)) == 1


# ---- layers that lie ----


def forged_layers(body):
    """What may come instead of a layer: {what: Answer}."""
    return {
        "wrong byte at the start": Answer(body=spoil(body, 10)),
        "wrong byte at the end": Answer(body=spoil(body, len(body) - 1)),
        "shorter": Answer(body=body[:-1000]),
        "longer": Answer(body=body + b"more"),
        "empty": Answer(body=b""),
        "html": HTML,
        "told shorter": Answer(body=body, length=len(body) - 100),
        "told longer": Answer(body=body, length=len(body) + 100),
        "chunked and short": Answer(body=body[:-10], framing="chunked"),
        "closed and short": Answer(body=body[:-10], framing="close"),
        "endless": Answer(body=body, framing="chunked", endless=bytes(65536)),
        "other layer": Answer(body=noise(len(body), "other")),
        "redirect loop": Answer(302, headers=(("Location", "/v2/loop"),)),
        "redirect to a file": Answer(302, headers=(("Location", "file:///etc/passwd"),)),
        "204": Answer(204),
        "range not asked for": Answer(206, body[100:], headers=(("Content-Range", "bytes 100-200/300"),)),
    }


@pytest.mark.parametrize("kind", forged_layers(b"x" * 2000))
def test_image_upstreams_forged_layer(both, pair, image, big, kind):
    """Sent bytes that prove wrong cut their reader; the next request is served by the next upstream."""
    pair[0].on("/v2/loop", Answer(302, headers=(("Location", "/v2/loop"),)))
    pair[0].on(blob_path(pair[0], big), forged_layers(big.body)[kind])
    both.manifest(LIBRARY, "1.0")
    response = both.blob(LIBRARY, big.digest)
    assert response.status in (200, 503)
    assert response.status == 503 or not response.complete or response.body == big.body
    assert_whole(both, image)
    assert len(pair[0].asked()) < 60


@pytest.mark.parametrize("kind", ["wrong byte at the end", "shorter", "html", "other layer", "redirect loop", "empty"])
def test_image_upstreams_forged_layer_everywhere(lone, pair, image, big, kind):
    """Nothing wrong is kept, and what is held is not lost."""
    assert lone.manifest(LIBRARY, "1.0").status == 200
    pair[0].on("/v2/loop", Answer(302, headers=(("Location", "/v2/loop"),)))
    pair[0].on(blob_path(pair[0], big), forged_layers(big.body)[kind])
    response = lone.blob(LIBRARY, big.digest)
    assert response.status == 503 or not response.complete
    lone.wait_idle()
    lone.assert_blobs_whole()
    assert not lone.blob_path(big.digest.removeprefix("sha256:")).exists()
    assert lone.manifest(LIBRARY, "1.0").body == image.manifest.body


@pytest.mark.parametrize("kind", ["wrong byte at the start", "shorter", "html", "longer"])
def test_image_upstreams_forged_config(both, pair, image, kind):
    """Nothing of a small blob is sent before it is verified: the client notices nothing."""
    pair[0].on(blob_path(pair[0], image.config), forged_layers(image.config.body * 5)[kind])
    response = both.blob(LIBRARY, image.config.digest)
    assert (response.status, response.complete, response.body) == (200, True, image.config.body)


@pytest.mark.parametrize("size", [1, 2 << 20, 8 << 20, 1 << 60, -1, "many", None])
def test_image_upstreams_descriptor_with_a_wrong_size(make_yizhan, make_registry, big, image, size):
    """The manifest's digest is right, so the lie is its author's. The layer's own digest decides."""
    document = json.loads(image.manifest.body)
    document["layers"][1]["size"] = size
    lying = content_of({**document, "annotations": {"size": repr(size)}}, DOCKER_MANIFEST)
    registry = make_registry()
    registry.add(LIBRARY, image)
    registry.add_manifest(LIBRARY, lying, "lie")
    mirror = make_yizhan(registries={"docker.io": [registry]})
    assert mirror.manifest(LIBRARY, "lie").status in (200, 503)
    response = mirror.blob(LIBRARY, big.digest)
    assert response.status in (200, 503)
    assert response.status == 503 or not response.complete or response.body == big.body
    mirror.wait_idle()
    mirror.assert_blobs_whole()


# ---- manifests that lie ----


def forged_manifests(image):
    body = image.manifest.body
    other = make_image([layer({"evil": b"twin"})]).manifest.body
    deep = b'{"schemaVersion": 2, "mediaType": "%s", "config": ' % DOCKER_MANIFEST.encode()
    typed = {"content_type": DOCKER_MANIFEST}
    return {
        "other manifest": Answer(body=other, **typed),
        "one byte": Answer(body=body.replace(b"linux", b"lunix") + b" ", **typed),
        "cut JSON": Answer(body=body[:-40], **typed),
        "html": HTML,
        "empty": Answer(body=b"", **typed),
        "oversized": Answer(body=body + b" " * (5 << 20), **typed),
        "endless": Answer(body=body, framing="chunked", endless=b" " * 65536, **typed),
        "deep": Answer(body=deep + b'{"a":' * 100000, **typed),
        "list": Answer(body=b"[1, 2]", **typed),
        "told shorter": Answer(body=body, length=len(body) - 7, **typed),
        "told longer": Answer(body=body, length=len(body) + 7, **typed),
        "redirect loop": Answer(302, headers=(("Location", "/v2/loop"),)),
    }


@pytest.mark.parametrize("kind", forged_manifests(make_image([])))
def test_image_upstreams_forged_manifest(both, pair, image, kind):
    pair[0].on("/v2/loop", Answer(302, headers=(("Location", "/v2/loop"),)))
    pair[0].on(pair[0].manifest_path(LIBRARY, image.digest), forged_manifests(image)[kind])
    assert_whole(both, image)


@pytest.mark.parametrize("kind", forged_manifests(make_image([])))
def test_image_upstreams_forged_manifest_everywhere(lone, pair, image, kind):
    pair[0].on("/v2/loop", Answer(302, headers=(("Location", "/v2/loop"),)))
    pair[0].on(pair[0].manifest_path(LIBRARY, image.digest), forged_manifests(image)[kind])
    for reference in ("1.0", image.digest):
        assert error_code(lone.manifest(LIBRARY, reference), 503) == "UNAVAILABLE"
    lone.wait_idle()
    lone.assert_blobs_whole()


def test_image_upstreams_digest_header_that_lies(both, pair, image):
    """It names a manifest that nobody has: the tag cannot be learned there."""
    told = "sha256:" + "1" * 64
    for reference in ("1.0", told):
        pair[0].on(
            pair[0].manifest_path(LIBRARY, reference),
            Answer(
                body=image.manifest.body,
                content_type=DOCKER_MANIFEST,
                headers=(("Docker-Content-Digest", told),),
                validators=False,
            ),
        )
    response = both.manifest(LIBRARY, "1.0")
    assert response.status == 503 or response.header("Docker-Content-Digest") == image.digest
    assert both.manifest(LIBRARY, told).status in (404, 503)
    both.wait_idle()
    both.assert_blobs_whole()


@pytest.mark.parametrize("told", ["sha256:short", "nonsense", "sha256:" + "A" * 64, "x" * 5000])
def test_image_upstreams_digest_header_of_nonsense(lone, pair, image, told):
    """As if there was none: the bytes tell the digest."""
    for reference in ("1.0", image.digest):
        pair[0].change(pair[0].manifest_path(LIBRARY, reference), headers=(("Docker-Content-Digest", told),))
    for method in ("HEAD", "GET"):
        assert lone.manifest(LIBRARY, "1.0", method).header("Docker-Content-Digest") == image.digest


@pytest.mark.parametrize("status", [404, 405, 400, 501])
def test_image_upstreams_without_head(lone, pair, image, status):
    """A static mirror or an odd proxy may not know HEAD."""
    path = pair[0].manifest_path(LIBRARY, "1.0")
    mounted = pair[0].mounted_answer
    pair[0].on(path, lambda request: Answer(status) if request.method == "HEAD" else mounted(request))
    assert pull_all(lone, LIBRARY, "1.0") == content_of_image(image)


def test_image_upstreams_nested_indexes(lone, pair, image):
    """An index of indexes is served like any; it need not be understood."""
    index = image
    for number in range(5):
        index = make_index([index], annotations={"level": str(number)})
    pair[0].add(LIBRARY, index, "deep")
    assert pull_all(lone, LIBRARY, "deep") == content_of_image(index)


def test_image_upstreams_index_that_names_missing_images(lone, pair):
    """Somebody copied one platform only."""
    entry = Content(b"{}", DOCKER_MANIFEST).descriptor(platform={"architecture": "arm", "os": "linux"})
    index = content_of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}, OCI_INDEX)
    pair[0].add_manifest(LIBRARY, index, "part")
    assert lone.manifest(LIBRARY, "part").body == index.body
    assert error_code(lone.manifest(LIBRARY, entry["digest"]), 404) == "MANIFEST_UNKNOWN"


def test_image_upstreams_manifest_with_many_layers(lone, pair, image):
    many = manifest_of((image.config, *[image.layers[0]] * 5000), DOCKER_MANIFEST)
    pair[0].add(LIBRARY, many, "many")
    assert lone.manifest(LIBRARY, "many").status in (200, 503)
    lone.wait_idle()
    lone.assert_blobs_whole()
    assert lone.manifest(LIBRARY, "1.0").status == 200


# ---- lists that lie ----


BAD_LISTS = {
    "html": HTML,
    "empty": Answer(body=b""),
    "list": Answer(body=b"[]", content_type="application/json"),
    "no tags": Answer(body=b'{"name": "x"}', content_type="application/json"),
    "deep": Answer(body=b'{"tags": ' + b"[" * 100000, content_type="application/json"),
    "cut": Answer(body=b'{"name": "x", "tags": ["1.', content_type="application/json"),
    "endless": Answer(body=b'{"tags": [', framing="chunked", endless=b'"1",' * 16384, content_type="application/json"),
}


@pytest.mark.parametrize("kind", BAD_LISTS)
def test_image_upstreams_forged_tag_list(both, pair, kind):
    pair[0].on(pair[0].tags_path(LIBRARY), BAD_LISTS[kind])
    assert both.get(f"/v2/{LIBRARY}/tags/list").json()["tags"] == ["1.0"]


def test_image_upstreams_tag_list_with_bad_tags(lone, pair):
    body = json.dumps({"name": LIBRARY, "tags": ["good", "../bad", "", "<b>", "x" * 200, 5, None, "-", "good"]})
    pair[0].on(pair[0].tags_path(LIBRARY), Answer(body=body.encode(), content_type="application/json"))
    response = lone.get(f"/v2/{LIBRARY}/tags/list")
    assert response.status == 503 or response.json()["tags"] == ["good"]


@pytest.mark.parametrize("following", ["{path}?n=1", "http://127.0.0.2:1/v2/x/tags/list", "file:///etc/passwd"])
def test_image_upstreams_tag_list_without_an_end(lone, pair, following):
    """The next page is the first one again, or lies where nobody may go."""
    path = pair[0].tags_path(LIBRARY)
    link = ("Link", f'<{following.format(path=path)}>; rel="next"')
    pair[0].change(path, headers=(link,))
    response = lone.get(f"/v2/{LIBRARY}/tags/list")
    assert response.status == 503 or response.json()["tags"] == ["1.0"]
    assert len(pair[0].asked()) < 2000


def test_image_upstreams_forged_referrers(lone, pair, image):
    pair[0].on(f"/v2/{LIBRARY}/referrers/{image.digest}", HTML)
    response = lone.get(f"/v2/{LIBRARY}/referrers/{image.digest}")
    assert response.status == 503 or response.json()["manifests"] == []


# ---- what is held ----


def test_image_upstreams_blob_file_that_vanished(lone, pair, image, big):
    """Somebody deleted it behind our back: a miss, never a 500."""
    pull_all(lone, LIBRARY, "1.0")
    lone.wait_idle()
    lone.blob_path(big.digest.removeprefix("sha256:")).unlink()
    assert_whole(lone, image)
    assert len(pair[0].blob_gets(big.digest)) == 2


def test_image_upstreams_manifest_file_that_cannot_be_opened(lone, pair, image):
    """With the upstream down too, HEAD ends like GET does: nobody can say now."""
    lone.manifest(LIBRARY, image.digest)
    lone.wait_idle()
    lone.stop()
    file = lone.blob_path(image.digest.removeprefix("sha256:"))
    file.unlink()
    file.symlink_to(file)
    pair[0].stop()
    lone.start()
    for method in ("GET", "HEAD"):
        assert lone.manifest(LIBRARY, image.digest, method).status == 503
    file.unlink()


def test_image_upstreams_killed_in_the_middle(lone, pair, image, big):
    """A crash while a layer is fetched leaves nothing that is half."""
    gate = threading.Event()
    pair[0].change(blob_path(pair[0], big), times=1, body_gate=gate, gate_after=2 << 20)
    client = Background(lone.blob, LIBRARY, big.digest)
    wait_until(lambda: pair[0].blob_gets(big.digest), "the layer is under way")
    lone.kill9()
    gate.set()
    with pytest.raises((ConnectionError, AssertionError)):
        assert client.result().complete
    lone.start()
    lone.assert_blobs_whole()
    assert_whole(lone, image)


def test_image_upstreams_first_is_asked_again(both, pair):
    """An upstream that was down comes back to its place."""
    pair[0].on_everything(Answer(503))
    assert both.manifest(LIBRARY, "1.0").status == 200
    pair[0].forget()
    before = len(manifest_requests(pair[0]))
    names = count()

    def comes_back():
        both.manifest(LIBRARY, f"none{next(names)}", "HEAD")
        return len(manifest_requests(pair[0])) > before

    wait_until(comes_back, "the first upstream is asked again")
