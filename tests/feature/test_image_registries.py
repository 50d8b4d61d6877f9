"""Which registry a request means, under what names upstreams know it, and what they are sent."""

import pytest
from lib import client
from lib.images import layer, make_image
from lib.registry_api import LIBRARY, content_of_image, error_code, error_message, manifest_requests, pull_all
from lib.tree import Tree


@pytest.fixture
def ghcr(make_registry):
    registry = make_registry()
    registry.add("owner/app", make_image([layer({"from": b"ghcr"})]), "1")
    registry.add("app", make_image([layer({"from": b"ghcr short"})]), "1")
    return registry


@pytest.fixture
def two(make_yizhan, registry, ghcr):
    ghcr_keys = {"upstream": [ghcr], "host": ["ghcr.mirror.test", "other.mirror.test"]}
    return make_yizhan(registries={"docker.io": [registry], "ghcr.io": ghcr_keys})


@pytest.mark.parametrize(
    "repository, query, host",
    [
        ("owner/app", "?ns=ghcr.io", "mirror.test"),
        ("ghcr.io/owner/app", "", "mirror.test"),
        ("owner/app", "", "ghcr.mirror.test"),
        ("owner/app", "", "ghcr.mirror.test:8080"),
        ("owner/app", "", "OTHER.mirror.test"),
    ],
)
def test_image_registries_registry_is_chosen(two, registry, ghcr, repository, query, host):
    response = client.fetch(two.port, f"/v2/{repository}/manifests/1{query}", host=host)
    assert response.status == 200, response.body
    assert response.header("Docker-Content-Digest") == ghcr.repositories["owner/app"].tags["1"]
    assert response.header("OCI-Namespace") == ("ghcr.io" if query else None)
    assert registry.asked() == []


@pytest.mark.parametrize(
    "repository, query",
    [
        ("hello", ""),
        ("library/hello", ""),
        ("docker.io/hello", ""),
        ("docker.io/library/hello", ""),
        ("hello", "?ns=docker.io"),
    ],
)
def test_image_registries_library_of_docker_hub(two, ghcr, image, repository, query):
    for kind, reference in (("manifests", "1.0"), ("blobs", image.config.digest)):
        response = two.get(f"/v2/{repository}/{kind}/{reference}{query}")
        assert response.status == 200, response.body
    assert two.manifest(repository, "1.0", query=query).header("Docker-Content-Digest") == image.digest
    assert ghcr.asked() == []


def test_image_registries_library_only_of_docker_hub(two, ghcr):
    response = two.manifest("ghcr.io/app", "1")
    assert response.header("Docker-Content-Digest") == ghcr.repositories["app"].tags["1"]


def test_image_registries_ns_wins_over_host(two, image):
    target = f"/v2/{LIBRARY}/manifests/1.0?ns=docker.io"
    response = client.fetch(two.port, target, host="ghcr.mirror.test")
    assert response.header("Docker-Content-Digest") == image.digest


@pytest.mark.parametrize("target", ["/v2/owner/app/manifests/1?ns=quay.io", "/v2/quay.io/owner/app/manifests/1"])
def test_image_registries_registry_that_is_not_configured(two, registry, ghcr, target):
    response = two.get(target)
    assert error_code(response, 404) == "NAME_UNKNOWN"
    for name in ("quay.io", "docker.io", "ghcr.io"):
        assert name in error_message(response)
    assert registry.asked() == [] and ghcr.asked() == []


def test_image_registries_registry_with_a_port(make_yizhan, registry, ghcr):
    mirror = make_yizhan(registries={"docker.io": [registry], "127.0.0.1:5000": [ghcr]})
    response = mirror.manifest("127.0.0.1:5000/owner/app", "1")
    assert response.header("Docker-Content-Digest") == ghcr.repositories["owner/app"].tags["1"]


def test_image_registries_same_name_of_two_registries(two, registry, ghcr):
    """What is known of one says nothing about the other."""
    registry.add("owner/app", make_image([layer({"from": b"hub"})]), "1")
    for name, one in (("docker.io", registry), ("ghcr.io", ghcr)):
        told = two.manifest(f"{name}/owner/app", "1").header("Docker-Content-Digest")
        assert told == one.repositories["owner/app"].tags["1"]


def test_image_registries_upstream_with_a_prefix(make_yizhan, make_registry, image):
    registry = make_registry()
    registry.add("mirrors/docker.io/library/hello", image, "1.0")
    mirror = make_yizhan(registries={"docker.io": [registry.url + "/mirrors/docker.io"]})
    assert pull_all(mirror, "hello", "1.0") == content_of_image(image)
    assert mirror.get("/v2/hello/tags/list").json()["tags"] == ["1.0"]


def test_image_registries_upstream_with_another_name(make_yizhan, make_registry, image):
    registry = make_registry()
    registry.add("hub/hello", image, "1.0")
    keys = {registry: {"rewrite": "library/ hub/"}}
    mirror = make_yizhan(registries={"docker.io": [registry]}, upstream_keys=keys)
    assert pull_all(mirror, "hello", "1.0") == content_of_image(image)


def test_image_registries_upstream_that_resolves_nothing(make_yizhan, make_registry, registry, image):
    """It is good for what has a digest, and its old tags are not believed."""
    old = make_registry()
    old.add(LIBRARY, image)
    old.add(LIBRARY, make_image([layer({"a": b"old"})]), "1.0")
    mirror = make_yizhan(registries={"docker.io": [old, registry]}, upstream_keys={old: {"resolve": "no"}})
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)
    assert "1.0" not in [reference for _, reference in manifest_requests(old)]
    assert len(old.asked_kind("blobs")) == len(image.blobs)


def test_image_registries_of_another_mirror_of_ours(make_yizhan, mirror, image):
    """A small site behind a big one."""
    site = make_yizhan(registries={"docker.io": [f"{mirror.url}/docker.io"]})
    assert pull_all(site, LIBRARY, "1.0") == content_of_image(image)


def test_image_registries_beside_packages(make_yizhan, make_upstream, registry, wheel):
    mirror = make_yizhan(make_upstream(Tree.tuna([wheel])), registries={"docker.io": [registry]})
    assert mirror.get(wheel.path).body == wheel.data
    assert mirror.manifest(LIBRARY, "1.0").status == 200


def test_image_registries_without_a_registry(yizhan):
    """A mirror of packages only says so."""
    response = yizhan.get("/v2/library/hello/manifests/1.0")
    assert error_code(response, 404) == "NAME_UNKNOWN"


def test_image_registries_upstream_gets_no_secrets_of_clients(mirror, registry):
    secrets = {"Authorization": "Basic c2VjcmV0", "Cookie": "a=secret", "User-Agent": "docker/99 secret"}
    mirror.manifest(LIBRARY, "1.0", headers=secrets)
    for request in registry.asked():
        assert "secret" not in str(request.headers) and "c2VjcmV0" not in str(request.headers)
        assert request.header("User-Agent").startswith("yizhan/")
