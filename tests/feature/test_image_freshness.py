"""What a tag is, by the test clock: HEAD before GET, confirmed after tag_ttl, stale, absent, offline."""

import threading

import pytest
from lib.client import Background
from lib.images import layer, make_artifact, make_image
from lib.registry_api import LIBRARY, content_of_image, error_code, manifest_requests, pull_all
from lib.upstream import Answer
from lib.wait import wait_until

TAG_TTL = 600
STALE_TTL = 86400
NEGATIVE_TTL = 60


@pytest.fixture(scope="module")
def newer():
    return make_image([layer({"a": b"new"})])


@pytest.fixture
def held(mirror):
    """The server with the whole image in its store."""
    pull_all(mirror, LIBRARY, "1.0")
    mirror.wait_idle()
    return mirror


def digest(mirror, reference="1.0", method="GET"):
    response = mirror.manifest(LIBRARY, reference, method)
    assert response.status == 200, response.body
    return response.header("Docker-Content-Digest")


def confirmations(registry):
    """HEADs of the tag so far."""
    return manifest_requests(registry).count(("HEAD", "1.0"))


def wait_confirmations(registry, count):
    wait_until(lambda: confirmations(registry) >= count, f"the tag is confirmed {count} times")


# ---- HEAD and GET ----


def test_image_freshness_head_then_get_by_digest(mirror, registry, image):
    """GETs of manifests are what registries count; a tag itself is never fetched."""
    digest(mirror)
    assert manifest_requests(registry) == [("HEAD", "1.0"), ("GET", image.digest)]


def test_image_freshness_head_of_client_gets_nothing(mirror, registry, image):
    for _ in range(3):
        assert digest(mirror, method="HEAD") == image.digest
    assert manifest_requests(registry) == [("HEAD", "1.0")]


def test_image_freshness_head_then_get_of_client(mirror, registry, image):
    """As dockerd does it: one HEAD and one GET in all."""
    digest(mirror, method="HEAD")
    digest(mirror, image.digest)
    digest(mirror)
    assert manifest_requests(registry) == [("HEAD", "1.0"), ("GET", image.digest)]


def test_image_freshness_two_tags_of_one_manifest(mirror, registry, image):
    registry.add(LIBRARY, image, "latest")
    digest(mirror)
    digest(mirror, "latest")
    assert [one for one in manifest_requests(registry) if one[0] == "GET"] == [("GET", image.digest)]


def test_image_freshness_head_asks_for_every_type(mirror, registry):
    """A registry converts, or says 404, for those who do not know what it has."""
    digest(mirror)
    for request in registry.asked_kind("manifests"):
        for part in ("oci.image.index.v1", "oci.image.manifest.v1", "manifest.v2+json", "manifest.list.v2+json"):
            assert part in request.header("Accept")


def test_image_freshness_one_fetch_for_many(mirror, registry, image):
    gate = threading.Event()
    registry.change(registry.manifest_path(LIBRARY, "1.0"), gate=gate)
    clients = [Background(digest, mirror) for _ in range(10)]
    wait_until(lambda: mirror.metric("connections") > 10, "all clients are there")
    gate.set()
    assert {client.result() for client in clients} == {image.digest}
    assert manifest_requests(registry) == [("HEAD", "1.0"), ("GET", image.digest)]


def counted(mirror):
    """How the server says it has served."""
    metrics = mirror.metrics_at_rest()
    return {name: metrics[f"{name}_total"] for name in ("hits", "misses", "stale")}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_image_freshness_counts_hits_after_restart(held, registry, method):
    """What comes from the store is no miss, even if it had to be read into memory first."""
    held.restart()
    asked = len(registry.asked())
    digest(held, method=method)
    assert counted(held) == {"hits": 1, "misses": 0, "stale": 0}
    assert len(registry.asked()) == asked


def test_image_freshness_counts_stale_after_restart(held):
    held.advance(TAG_TTL + 10)
    held.restart()
    digest(held)
    assert counted(held) == {"hits": 0, "misses": 0, "stale": 1}


# ---- after tag_ttl ----


def test_image_freshness_fresh_tag_asks_nobody(held, registry, image):
    before = len(registry.asked())
    held.advance(TAG_TTL - 10)
    assert digest(held) == image.digest
    assert len(registry.asked()) == before


def test_image_freshness_same_digest_costs_one_head(held, registry, image):
    gets = len(registry.asked(method="GET"))
    held.advance(TAG_TTL + 10)
    for _ in range(3):
        assert digest(held) == image.digest
        wait_confirmations(registry, 2)
        held.wait_idle()
    assert confirmations(registry) == 2
    assert len(registry.asked(method="GET")) == gets


def test_image_freshness_confirmation_is_kept(held, registry):
    """The tag is fresh again, and stays so over a restart."""
    held.advance(TAG_TTL + 10)
    digest(held)
    wait_confirmations(registry, 2)
    held.wait_idle()
    held.advance(TAG_TTL - 20)
    held.restart()
    digest(held)
    held.wait_idle()
    assert confirmations(registry) == 2


def test_image_freshness_stale_while_refreshing(held, registry, image, newer):
    gate = threading.Event()
    registry.add(LIBRARY, newer, "1.0")
    registry.change(registry.manifest_path(LIBRARY, "1.0"), gate=gate)
    held.advance(TAG_TTL + 10)
    for _ in range(5):
        assert digest(held) == image.digest
    wait_confirmations(registry, 2)
    gate.set()
    wait_until(lambda: digest(held) == newer.digest, "the new manifest is served")
    assert confirmations(registry) == 2
    assert manifest_requests(registry).count(("GET", newer.digest)) == 1


def test_image_freshness_too_old_waits(held, registry, newer):
    gate = threading.Event()
    registry.add(LIBRARY, newer, "1.0")
    registry.change(registry.manifest_path(LIBRARY, "1.0"), gate=gate)
    held.advance(TAG_TTL + STALE_TTL + 10)
    clients = [Background(digest, held) for _ in range(5)]
    wait_confirmations(registry, 2)
    assert not any(client.done for client in clients)
    gate.set()
    assert {client.result() for client in clients} == {newer.digest}
    assert confirmations(registry) == 2


def test_image_freshness_old_manifest_stays_by_digest(held, registry, image, newer):
    registry.add(LIBRARY, newer, "1.0")
    held.advance(TAG_TTL + STALE_TTL + 10)
    assert digest(held) == newer.digest
    asked = len(registry.asked())
    assert held.manifest(LIBRARY, image.digest).body == image.manifest.body
    assert len(registry.asked()) == asked


@pytest.mark.parametrize("trouble", ["gone", 429, 503, 500, 403, 401])
def test_image_freshness_stale_at_any_age(held, registry, image, trouble):
    if trouble == "gone":
        registry.stop()
    else:
        registry.on_everything(Answer(trouble, b"no"))
    held.advance(400 * 86400)
    assert pull_all(held, LIBRARY, "1.0") == content_of_image(image)
    wait_until(lambda: held.metric("stale_total") >= 1, "it is counted")


def test_image_freshness_stale_survives_restart(held, registry, image):
    registry.stop()
    held.advance(400 * 86400)
    held.restart()
    assert pull_all(held, LIBRARY, "1.0") == content_of_image(image)


@pytest.mark.parametrize("answer", [Answer(body=b"<html>Log in</html>", content_type="text/html"), Answer(body=b"")])
def test_image_freshness_rubbish_keeps_what_is_held(held, registry, image, answer):
    registry.on_everything(answer)
    held.advance(400 * 86400)
    assert pull_all(held, LIBRARY, "1.0") == content_of_image(image)
    held.assert_blobs_whole()


def test_image_freshness_new_manifest_that_cannot_be_had(held, registry, image, newer):
    """The tag has moved, but the upstream does not give what it points to: the old one is better than none."""
    registry.add(LIBRARY, newer, "1.0")
    registry.on(registry.manifest_path(LIBRARY, newer.digest), Answer(500))
    held.advance(400 * 86400)
    assert digest(held) == image.digest


def test_image_freshness_ttl_is_configurable(make_yizhan, registry, newer):
    keys = {"upstream": [registry], "tag_ttl": "5s", "stale_ttl": "0s"}
    mirror = make_yizhan(registries={"docker.io": keys})
    digest(mirror)
    mirror.wait_idle()
    registry.add(LIBRARY, newer, "1.0")
    mirror.advance(10)
    assert digest(mirror) == newer.digest


def test_image_freshness_by_digest_needs_no_upstream(held, registry, image):
    registry.stop()
    held.advance(400 * 86400)
    assert pull_all(held, LIBRARY, image.digest) == content_of_image(image)


def test_image_freshness_tag_list_after_its_time(mirror, registry, image):
    target = f"/v2/{LIBRARY}/tags/list"
    assert mirror.get(target).json()["tags"] == ["1.0"]
    mirror.wait_idle()
    registry.add(LIBRARY, image, "2.0")
    assert mirror.get(target).json()["tags"] == ["1.0"]
    mirror.advance(TAG_TTL + STALE_TTL + 10)
    assert mirror.get(target).json()["tags"] == ["1.0", "2.0"]


def test_image_freshness_tag_list_without_upstream(mirror, registry):
    target = f"/v2/{LIBRARY}/tags/list"
    mirror.get(target)
    mirror.wait_idle()
    registry.stop()
    mirror.advance(400 * 86400)
    assert mirror.get(target).json()["tags"] == ["1.0"]


def test_image_freshness_referrers_without_upstream(mirror, registry, image):
    artifact = registry.add(LIBRARY, make_artifact(image, "text/spdx"))
    target = f"/v2/{LIBRARY}/referrers/{image.digest}"
    mirror.get(target)
    mirror.wait_idle()
    registry.stop()
    mirror.advance(400 * 86400)
    assert [one["digest"] for one in mirror.get(target).json()["manifests"]] == [artifact.digest]


def test_image_freshness_denial_keeps_what_is_held(held, registry, image):
    """A password that has changed must not take away what everybody has been pulling."""
    registry.challenge(login=("nobody", "known"))
    held.advance(400 * 86400)
    assert pull_all(held, LIBRARY, "1.0") == content_of_image(image)


def test_image_freshness_denial_is_not_asked_for_again(held, registry, image):
    """Registries ban those who are denied again and again."""
    registry.challenge(login=("nobody", "known"))
    held.advance(TAG_TTL + 10)
    for _ in range(5):
        assert digest(held) == image.digest
        wait_until(registry.token_requests, "a token is asked for")
        held.wait_idle()
    assert len(registry.token_requests()) == 1
    held.advance(NEGATIVE_TTL + 10)
    assert digest(held) == image.digest
    wait_until(lambda: len(registry.token_requests()) == 2, "it is asked again after some time")


# ---- absence ----


def test_image_freshness_absence_is_remembered(mirror, registry):
    for _ in range(3):
        assert error_code(mirror.manifest(LIBRARY, "none"), 404) == "MANIFEST_UNKNOWN"
    asked = len(registry.asked(registry.manifest_path(LIBRARY, "none")))
    assert 1 <= asked <= 2  # some registries do not answer HEAD: a GET may follow
    mirror.manifest(LIBRARY, "none")
    assert len(registry.asked(registry.manifest_path(LIBRARY, "none"))) == asked


def test_image_freshness_absence_of_blob_is_remembered(mirror, registry):
    digits = "sha256:" + "0" * 64
    for _ in range(3):
        assert error_code(mirror.blob(LIBRARY, digits), 404) == "BLOB_UNKNOWN"
    assert len(registry.asked(registry.blob_path(LIBRARY, digits))) <= 2


def test_image_freshness_absence_is_forgotten(mirror, registry, newer):
    assert mirror.manifest(LIBRARY, "2.0").status == 404
    registry.add(LIBRARY, newer, "2.0")
    assert mirror.manifest(LIBRARY, "2.0").status == 404
    mirror.advance(NEGATIVE_TTL + 10)
    assert digest(mirror, "2.0") == newer.digest


def test_image_freshness_trouble_is_no_absence(mirror, registry, image):
    registry.on_everything(Answer(500, b"no"))
    assert error_code(mirror.manifest(LIBRARY, "1.0"), 503) == "UNAVAILABLE"
    registry.forget()
    assert digest(mirror) == image.digest


# ---- offline ----


def test_image_freshness_offline_serves_what_is_held(held, registry, image):
    held.get(f"/v2/{LIBRARY}/tags/list")
    held.wait_idle()
    held.stop()
    asked = len(registry.asked())
    held.configure(server={"offline": "yes"}, registries={"docker.io": [registry]})
    held.start()
    held.advance(400 * 86400)
    assert pull_all(held, LIBRARY, "1.0") == content_of_image(image)
    assert held.get(f"/v2/{LIBRARY}/tags/list").json()["tags"] == ["1.0"]
    assert len(registry.asked()) == asked


@pytest.mark.parametrize("rest", ["manifests/1.0", "tags/list", "blobs/sha256:" + "0" * 64])
def test_image_freshness_offline_contacts_nobody(make_yizhan, registry, rest):
    mirror = make_yizhan(server={"offline": "yes"}, registries={"docker.io": [registry]})
    assert mirror.get(f"/v2/{LIBRARY}/{rest}").status in (404, 503)
    assert registry.asked() == []
