"""Real clients pull real images through the server: dockerd, containerd, podman, skopeo; real registries behind it."""

import json
import re
import shutil
import threading

import pytest
from lib.client import Background
from lib.images import OTHER_MACHINE, huge_layer, make_attestation, make_image, make_index
from lib.registry import PASSWORD, USER, DockerRegistry, TokenServer
from lib.relay import Relay
from lib.skopeo import buildah_layout
from lib.upstream import Answer
from lib.wait import wait_until

pytestmark = pytest.mark.peers

GIB = 1 << 30


@pytest.fixture
def registry(make_registry):
    return make_registry()


@pytest.fixture
def mirror(make_yizhan, registry):
    return make_yizhan(registries={"docker.io": [registry], "ghcr.io": [registry]})


@pytest.fixture
def hello(registry, make_hello):
    """docker.io/library/hello:1.0 with this machine's image among others."""
    images = [make_hello("hello from here"), make_hello("hello from elsewhere", architecture=OTHER_MACHINE)]
    index = make_index([*images, make_attestation(images[0])])
    return registry.add("library/hello", index, "1.0")


@pytest.fixture
def docker(dockerd, mirror):
    """dockerd with the server as its mirror of the hub, and nothing of `hello`."""
    dockerd.use_mirrors(mirror.url)
    yield dockerd
    for name in dockerd.names():
        dockerd.remove(name)


def at(yizhan):
    return f"127.0.0.1:{yizhan.port}"


# ---- dockerd ----


@pytest.mark.one_of_each
def test_registry_clients_docker_pull_and_run(docker, mirror, registry, hello):
    docker.pull("hello:1.0")
    assert docker.run("hello:1.0").startswith("hello from here")
    assert docker.endpoints_tried("hello") == {mirror.url + "/"}


def test_registry_clients_docker_pull_without_upstream(docker, mirror, registry, hello):
    docker.pull("hello:1.0")
    mirror.wait_idle()
    docker.remove("hello:1.0")
    registry.stop()
    mirror.advance(400 * 86400)
    docker.pull("hello:1.0")
    assert f"hello@{hello.digest}" in docker.inspect("hello:1.0")["RepoDigests"]


def test_registry_clients_docker_other_platform(docker, hello):
    docker.pull("hello:1.0", platform=f"linux/{OTHER_MACHINE}")
    assert docker.inspect("hello:1.0")["Architecture"] == OTHER_MACHINE


def test_registry_clients_docker_pull_by_digest(docker, hello):
    docker.pull(f"hello@{hello.digest}")
    assert docker.inspect(f"hello@{hello.digest}")


def test_registry_clients_docker_with_a_prefix(docker, mirror, registry, make_hello):
    """What dockerd's mirrors cannot do: another registry than the hub."""
    registry.add("owner/app", make_hello("hello from ghcr"), "2.0")
    name = f"{at(mirror)}/ghcr.io/owner/app:2.0"
    docker.pull(name)
    assert docker.run(name).startswith("hello from ghcr")


def test_registry_clients_docker_unknown_image(docker, mirror):
    """It hears from us that there is none. Then it tries the hub itself, which is out of reach here."""
    assert docker.pull("hello:missing", check=False)[0] is False
    worked, said = docker.pull(f"{at(mirror)}/library/hello:missing", check=False)
    assert not worked
    assert "not found" in said.lower() or "manifest unknown" in said.lower()


def test_registry_clients_docker_upstream_broken(docker, mirror, registry, hello):
    """Nothing stored, nobody there: an error, and a later pull works."""
    registry.on_everything(Answer(500))
    assert docker.pull(f"{at(mirror)}/library/hello:1.0", check=False)[0] is False
    registry.forget()
    mirror.advance(700)
    docker.pull(f"{at(mirror)}/library/hello:1.0")


def test_registry_clients_docker_many_tags_at_once(docker, registry, mirror, make_hello):
    """Eight images of the same two layers and one layer of their own each."""
    images = [make_hello("same", extra=200000 + number) for number in range(8)]
    for number, image in enumerate(images):
        registry.add("library/hello", image, f"t{number}")
    pulls = [Background(docker.pull, f"hello:t{number}") for number in range(8)]
    for pull in pulls:
        pull.result()
    for blob in {blob.digest for image in images for blob in image.blobs}:
        assert len(registry.blob_gets(blob)) == 1


def test_registry_clients_docker_huge_layer_two_upstreams(docker, make_yizhan, make_registry):
    """1 GiB; the first upstream dies at half, the second brings the rest and no more."""
    image = make_image([huge_layer(GIB)])
    big = image.layers[0]
    first, second = make_registry(), make_registry()
    for registry in (first, second):
        registry.add("library/huge", image, "1.0")
    gate = threading.Event()
    path = first.blob_path("library/huge", big.digest)
    first.change(path, body_gate=gate, gate_after=GIB // 2)
    mirror = make_yizhan(registries={"docker.io": [first, second]})
    docker.use_mirrors(mirror.url)
    pull = Background(docker.pull, "huge:1.0")
    wait_until(lambda: part_bytes(mirror) >= GIB // 2, "half of the layer is there")
    first.stop()
    pull.result()
    starts = [int(re.match(r"bytes=(\d+)-", one.header("Range"))[1]) for one in second.blob_gets(big.digest)]
    assert starts and min(starts) >= GIB // 2 - (1 << 20)
    assert docker.inspect("huge:1.0")["RootFS"]["Layers"] == [big.digest]
    mirror.stop()
    shutil.rmtree(mirror.store)  # pytest keeps the folders of some runs


def part_bytes(yizhan):
    """The bytes on disk of the largest running fill."""
    return max((path.stat().st_size for path in (yizhan.store / "tmp").iterdir()), default=0)


# ---- containerd ----


@pytest.mark.one_of_each
def test_registry_clients_containerd_pull(containerd, mirror, registry, hello):
    containerd.use_mirror("docker.io", mirror.url)
    containerd.pull("docker.io/library/hello:1.0")
    assert containerd.digest("docker.io/library/hello:1.0") == hello.digest
    image = hello.children[0]
    assert json.loads(containerd.content(image.digest)) == json.loads(image.manifest.body)
    for blob in image.blobs:
        assert len(registry.blob_gets(blob.digest)) == 1


def test_registry_clients_containerd_all_platforms(containerd, mirror, hello):
    containerd.use_mirror("docker.io", mirror.url)
    containerd.fetch("docker.io/library/hello:1.0")
    for image in hello.children:
        assert containerd.content(image.digest) == image.manifest.body.decode()


def test_registry_clients_containerd_other_registry(containerd, make_yizhan, make_registry, registry, make_hello):
    """By ?ns= alone: the mirror has two registries and one name."""
    image = make_hello("hello from ghcr")
    registry.add("owner/app", image, "1")
    mirror = make_yizhan(registries={"docker.io": [make_registry()], "ghcr.io": [registry]})
    containerd.use_mirror("ghcr.io", mirror.url)
    containerd.pull("ghcr.io/owner/app:1")
    assert containerd.digest("ghcr.io/owner/app:1") == image.digest


def test_registry_clients_containerd_without_upstream(containerd, mirror, registry, hello):
    containerd.use_mirror("docker.io", mirror.url)
    containerd.pull("docker.io/library/hello:1.0")
    mirror.wait_idle()
    containerd.remove("docker.io/library/hello:1.0")
    registry.stop()
    mirror.advance(400 * 86400)
    containerd.pull("docker.io/library/hello:1.0")
    assert containerd.digest("docker.io/library/hello:1.0") == hello.digest


def test_registry_clients_containerd_goes_on_after_a_cut(containerd, mirror, registry, make_hello):
    """The network between client and us breaks: it asks for the rest by Range."""
    image = registry.add("library/hello", make_hello("cut", extra=8 << 20), "cut")
    relay = Relay(mirror.port, cut_after=4 << 20)
    try:
        containerd.use_mirror("docker.io", f"http://127.0.0.1:{relay.port}")
        if containerd.pull("docker.io/library/hello:cut", check=False)[0] != 0:
            containerd.pull("docker.io/library/hello:cut")
        assert relay.was_cut
        assert re.search(rb"(?i)\r\nrange: bytes=[1-9]\d*-\r\n", relay.sent)
    finally:
        relay.stop()
    assert containerd.digest("docker.io/library/hello:cut") == image.digest
    assert len(registry.blob_gets(image.layers[-1].digest)) == 1


# ---- podman, skopeo, buildah ----


@pytest.mark.one_of_each
def test_registry_clients_podman_pull_and_run(make_podman, mirror, hello):
    podman = make_podman({"docker.io": at(mirror)})
    assert podman.pull("docker.io/library/hello:1.0") == hello.children[0].config.digest.removeprefix("sha256:")
    assert podman.run("docker.io/library/hello:1.0").startswith("hello from here")


def test_registry_clients_podman_other_registry(make_podman, mirror, registry, make_hello):
    image = registry.add("owner/app", make_hello("hello from ghcr", docker=False), "1")
    podman = make_podman({"ghcr.io": f"{at(mirror)}/ghcr.io"})
    assert podman.pull("ghcr.io/owner/app:1") == image.config.digest.removeprefix("sha256:")


@pytest.mark.one_of_each
def test_registry_clients_skopeo_lists_and_inspects(make_skopeo, mirror, registry, hello):
    registry.add("library/hello", hello, "2.0", "latest")
    skopeo = make_skopeo({"docker.io": at(mirror)})
    told = skopeo.inspect("docker://docker.io/library/hello:1.0", "--no-tags")
    assert told["Digest"] == hello.digest
    assert told["Layers"] == [blob.digest for blob in hello.children[0].layers]
    assert skopeo.list_tags(f"docker://{at(mirror)}/library/hello") == ["1.0", "2.0", "latest"]


@pytest.mark.parametrize("docker", [True, False])
def test_registry_clients_skopeo_copy_is_byte_for_byte(make_skopeo, make_yizhan, docker_registry, make_hello, docker):
    """Everything of every platform, from Docker's own registry and through us."""
    images = [make_hello(name, docker, architecture=name, extra=1 << 20) for name in ("amd64", "arm64", "riscv64")]
    if not docker:
        images.append(make_attestation(images[0]))
    name = f"copy/{'docker' if docker else 'oci'}"
    index = docker_registry.push(name, make_index(images, docker), "1.0")
    mirror = make_yizhan(registries={"docker.io": [docker_registry]})
    skopeo = make_skopeo()
    here = skopeo.fetch_all(f"docker://{at(mirror)}/{name}:1.0")
    there = skopeo.fetch_all(f"docker://127.0.0.1:{docker_registry.port}/{name}:1.0")
    assert here == there
    assert {blob.digest.removeprefix("sha256:") for blob in index.all_blobs()} < set(here)


def test_registry_clients_skopeo_eight_at_once(make_skopeo, mirror, registry, hello):
    """They start together on an empty store: one upstream GET for each blob."""
    gate = threading.Event()
    big = hello.children[0].layers[0]
    registry.change(registry.blob_path("library/hello", big.digest), body_gate=gate, gate_after=1000)
    clients = [make_skopeo() for _ in range(8)]
    source = f"docker://{at(mirror)}/library/hello:1.0"
    pulls = [Background(skopeo.fetch_all, source) for skopeo in clients]
    wait_until(lambda: registry.blob_gets(big.digest), "the layer is under way")
    gate.set()
    fetched = [pull.result() for pull in pulls]
    assert all(one == fetched[0] for one in fetched)
    for blob in hello.all_blobs():
        assert len(registry.blob_gets(blob.digest)) == 1
    assert len(registry.asked_kind("manifests", "GET")) == len(hello.all_images())


@pytest.mark.one_of_each
def test_registry_clients_buildah_image(tmp_path, make_skopeo, make_podman, make_yizhan, docker_registry, program):
    """Built by buildah, pushed by skopeo, pulled and run by podman through us."""
    layout = buildah_layout(tmp_path, {"hello": program, "greeting": b"built by buildah\n"}, ["/hello"])
    make_skopeo().copy(f"oci:{layout}:built", f"docker://127.0.0.1:{docker_registry.port}/built/hello:1")
    mirror = make_yizhan(registries={"docker.io": [docker_registry]})
    podman = make_podman({"docker.io": at(mirror)})
    podman.pull("docker.io/built/hello:1")
    assert podman.run("docker.io/built/hello:1").startswith("built by buildah")


# ---- real registries that want a log-in ----


@pytest.fixture
def make_docker_registry(tmp_path):
    made = []

    def make(**options):
        made.append(DockerRegistry(tmp_path / f"registry{len(made)}", **options))
        return made[-1]

    yield make
    for registry in made:
        registry.stop()


@pytest.fixture
def make_token_server(tmp_path):
    made = []

    def make(anonymous):
        made.append(TokenServer(tmp_path / f"tokens{len(made)}", anonymous))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def private_keys(registry, tmp_path):
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    return {"upstream": [registry], "username": USER, "password_file": password}


@pytest.mark.parametrize("anonymous", [True, False])
def test_registry_clients_registry_with_tokens(
    make_docker_registry, make_token_server, make_yizhan, make_skopeo, make_hello, tmp_path, anonymous
):
    tokens = make_token_server(anonymous)
    registry = make_docker_registry(auth=tokens)
    registry.push("owner/app", make_index([make_hello("a"), make_hello("b", architecture=OTHER_MACHINE)]), "1")
    before = len(tokens.asked())
    keys = {"upstream": [registry]} if anonymous else private_keys(registry, tmp_path)
    mirror = make_yizhan(registries={"docker.io": keys})
    assert make_skopeo().fetch_all(f"docker://{at(mirror)}/owner/app:1")
    assert len(tokens.asked()) - before == 1


@pytest.mark.one_of_each
def test_registry_clients_registry_with_password(make_docker_registry, make_yizhan, make_skopeo, make_hello, tmp_path):
    registry = make_docker_registry(auth="basic")
    image = registry.push("owner/app", make_hello("basic"), "1")
    mirror = make_yizhan(registries={"docker.io": private_keys(registry, tmp_path)})
    assert make_skopeo().inspect(f"docker://{at(mirror)}/owner/app:1")["Digest"] == image.digest
    assert PASSWORD not in mirror.stderr


def test_registry_clients_registry_behind_docker_proxy(make_docker_registry, docker_registry, make_yizhan, make_hello):
    """Many sites have Docker's own registry as a pull-through mirror: it is an upstream like any."""
    image = docker_registry.push("library/hello", make_hello("proxied"), "1")
    proxy = make_docker_registry(proxy=docker_registry.url)
    mirror = make_yizhan(registries={"docker.io": [proxy]})
    assert mirror.manifest("hello", "1").body == image.manifest.body
    assert mirror.blob("hello", image.config.digest).body == image.config.body
