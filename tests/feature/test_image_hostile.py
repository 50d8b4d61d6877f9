"""Images, registries and clients that are built to do harm."""

import json
import threading

import pytest

from lib.images import OCI_INDEX, Content, layer, make_image, noise
from lib.registry_api import LIBRARY, content_of_image, pull_all
from lib.upstream import Answer
from lib.wait import wait_until


def many_times(content, count):
    """An index that lists one manifest again and again."""
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [content.descriptor()] * count}
    return Content(json.dumps(document).encode(), OCI_INDEX)


def test_image_hostile_index_that_multiplies(mirror, registry, image):
    """Noting what a use of it uses must not take for ever: three small manifests that stand for 64 million."""
    contents = [image.manifest]
    for _ in range(3):
        contents.append(many_times(contents[-1], 400))
        registry.add_manifest(LIBRARY, contents[-1])
    for content in contents:
        assert mirror.manifest(LIBRARY, content.digest).status == 200
    mirror.wait_idle()
    mirror.advance(3600)
    assert mirror.manifest(LIBRARY, contents[-1].digest).status == 200
    other = registry.add("library/other", make_image([layer({"file": b"other"})]), "1.0")
    assert pull_all(mirror, "library/other", "1.0") == content_of_image(other)


# ---- lists of tags ----


def numbered_pages(registry, count, size=2):
    """A repository whose list of tags has `count` pages, each of which names the next."""
    path = registry.tags_path(LIBRARY)

    def answer(request):
        number = int(request.target.partition("page=")[2] or 0)
        body = json.dumps({"name": LIBRARY, "tags": [f"t{number:05}-{i}" for i in range(size)]}).encode()
        more = (("Link", f'<{path}?page={number + 1}>; rel="next"'),) if number + 1 < count else ()
        return Answer(body=body, content_type="application/json", headers=more, validators=False)

    registry.on(path, answer)
    return path


def test_image_hostile_list_cut_by_a_limit_is_no_list(mirror, registry):
    numbered_pages(registry, 1200)
    response = mirror.get(f"/v2/{LIBRARY}/tags/list")
    assert response.status == 503 or len(response.json()["tags"]) == 2400


@pytest.mark.parametrize("trouble", [404, 403, 500])
def test_image_hostile_second_page_that_is_missing(make_yizhan, make_registry, image, trouble):
    """Whoever has sent a first page has the repository."""
    pair = make_registry(), make_registry()
    path = numbered_pages(pair[0], 3)
    first = pair[0]._scripts[path][0][0]
    pair[0].on(path, lambda request: Answer(trouble) if "page=1" in request.target else first(request))
    numbered_pages(pair[1], 2)
    mirror = make_yizhan(registries={"docker.io": pair})
    response = mirror.get(f"/v2/{LIBRARY}/tags/list")
    assert response.status == 200, response.body
    assert len(response.json()["tags"]) == 4


def test_image_hostile_list_held_outlives_a_missing_page(make_yizhan, make_registry):
    registry = make_registry()
    path = numbered_pages(registry, 3)
    mirror = make_yizhan(registries={"docker.io": {"upstream": [registry], "tag_ttl": "1s", "stale_ttl": "1s"}})
    assert len(mirror.get(f"/v2/{LIBRARY}/tags/list").json()["tags"]) == 6
    first = registry._scripts[path][0][0]
    registry.on(path, lambda request: Answer(404) if "page=1" in request.target else first(request))
    mirror.advance(100)
    assert len(mirror.get(f"/v2/{LIBRARY}/tags/list").json()["tags"]) == 6


def test_image_hostile_list_is_sent_in_parts(mirror, registry):
    """A list of any length must not be put together anew for each client that asks for all of it."""
    tags = sorted(f"tag-{i:06}-{'x' * 40}" for i in range(200000))
    body = json.dumps({"name": LIBRARY, "tags": tags}).encode()
    registry.on(registry.tags_path(LIBRARY), Answer(body=body, content_type="application/json"))
    for query in ("", "?n=1000000"):
        response = mirror.get(f"/v2/{LIBRARY}/tags/list{query}")
        assert len(response.body) < 2 << 20
        assert response.json()["tags"] == tags[: len(response.json()["tags"])]
        assert response.header("Link")


# ---- registries that share a blob ----


@pytest.mark.parametrize("harm", ["absent", "denied", "stalls", "size"])
def test_image_hostile_registry_does_not_stop_another(make_yizhan, make_registry, harm):
    """One registry has a manifest of a layer that it does not give; the same layer is to be had elsewhere."""
    good, evil = make_registry(), make_registry()
    image = good.add("team/app", make_image([layer({"file": noise(1 << 20, "app")})]), "1.0")
    if harm == "size":
        document = json.loads(image.manifest.body)
        document["layers"][0]["size"] += 1
        evil.add("team/app", image)
        evil.add_manifest("team/app", Content(json.dumps(document).encode(), image.manifest.media_type), "1.0")
    else:
        evil.add("team/app", image, "1.0")
    layer_digest = image.layers[0].digest
    evil_path = evil.blob_path("team/app", layer_digest)
    gate = threading.Event()
    if harm == "stalls":
        evil.change(evil_path, gate=gate)
    elif harm != "size":
        evil.on(evil_path, Answer(404 if harm == "absent" else 403))
    mirror = make_yizhan(registries={"good.test": [good], "evil.test": [evil]})
    assert mirror.manifest("good.test/team/app", "1.0").status == 200
    assert mirror.manifest("evil.test/team/app", "1.0").status == 200
    with mirror.open(f"/v2/evil.test/team/app/blobs/{layer_digest}") as bad:
        wait_until(lambda: evil.asked(evil_path), "the other registry is asked")
        response = mirror.blob("good.test/team/app", layer_digest)
        assert response.status == 200 and response.complete
        assert response.body == image.layers[0].body
        gate.set()
        bad.head()


# ---- crashes ----


def test_image_hostile_kill_right_after_a_manifest(mirror, registry):
    """What is stored of an image is served after a crash, though no upstream answers: a layer that it shares with another
    image as well."""
    layers = [layer({"file": noise(2000, i)}) for i in range(300)]
    one = registry.add("library/one", make_image(layers), "1.0")
    two = registry.add("library/two", make_image(layers + [layer({"more": b"x"})]), "1.0")
    assert pull_all(mirror, "library/one", "1.0") == content_of_image(one)
    mirror.wait_idle()
    assert mirror.manifest("library/two", two.digest).status == 200
    wait_until(lambda: mirror.index_rows("SELECT count(*) FROM entry WHERE space = 'manifest'")[0][0] == 2, "stored")
    mirror.kill9()
    registry.stop()
    mirror.start()
    assert mirror.manifest("library/two", two.digest).status == 200
    for shared in two.layers[:-1]:
        assert mirror.blob("library/two", shared.digest).status == 200


# ---- answers that end in their head ----

HEAD_LINE_BYTES = len("HTTP/1.1 200 Status\r\n")


@pytest.mark.parametrize("where", ["tag", "manifest", "blob", "blob head", "empty blob", "tags", "referrers", "token"])
@pytest.mark.parametrize("after", [HEAD_LINE_BYTES, HEAD_LINE_BYTES + 60])
def test_image_hostile_head_that_is_cut(mirror, registry, image, where, after):
    """The connection ends before the answer's head does: that is no answer."""
    if where == "token":
        registry.challenge()
    empty = Content(b"", "application/octet-stream")
    paths = {
        "tag": registry.manifest_path(LIBRARY, "1.0"),
        "manifest": registry.manifest_path(LIBRARY, image.digest),
        "blob": registry.blob_path(LIBRARY, image.config.digest),
        "blob head": registry.blob_path(LIBRARY, image.config.digest),
        "empty blob": registry.blob_path(LIBRARY, empty.digest),
        "tags": registry.tags_path(LIBRARY),
        "referrers": f"/v2/{LIBRARY}/referrers/{image.digest}",
        "token": "/token",
    }
    asked = paths["tag"] if where == "token" else paths[where]
    registry.on(paths[where], Answer(cut_head_after=after))
    response = mirror.head(asked) if where == "blob head" else mirror.get(asked)
    assert response.status == 503
    registry.forget()
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)
