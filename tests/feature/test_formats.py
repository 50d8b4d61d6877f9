"""What other programs made, imported and exported: folders of wheels, docker save, podman save, OCI layouts. The peers are
the programs themselves."""

import io
import json
import os
import subprocess
import tarfile

import pytest
from lib.admin import admin, command
from lib.images import (
    DOCKER_LAYER,
    OTHER_MACHINE,
    digest_of,
    layer,
    make_attestation,
    make_image,
    make_index,
    noise,
    write_layout,
)
from lib.packages import make_sdist, make_wheel
from lib.registry_api import content_of_image, pull_all
from lib.tree import Tree
from lib.wait import PATIENCE_S

REGISTRIES = {"docker.io": ["http://127.0.0.1:9"], "ghcr.io": ["http://127.0.0.1:9"]}
HELLO = "docker.io/library/hello"


@pytest.fixture
def closed(make_yizhan):
    """A running server without any network."""
    return make_yizhan(server={"offline": "yes"}, registries=REGISTRIES)


@pytest.fixture(params=["server", "alone"])
def target(request, closed):
    """The same; the import is done by it, or by the command itself."""
    if request.param == "alone":
        closed.stop()
    return closed


def imported(yizhan, *arguments):
    """Imports, and returns the running server."""
    result = admin(yizhan, "import", *arguments)
    assert result.status == 0, result.stderr
    return yizhan if yizhan.running else yizhan.start()


def refused(yizhan, *arguments):
    """An import that must fail, and leave nothing. Returns its sentence."""
    before = (yizhan.blob_files(), yizhan.index_rows("SELECT space, key FROM entry ORDER BY 1, 2"))
    result = admin(yizhan, "import", *arguments)
    assert result.status == 1, result.stdout
    assert (yizhan.blob_files(), yizhan.index_rows("SELECT space, key FROM entry ORDER BY 1, 2")) == before
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].isprintable()
    return lines[0]


def at(yizhan):
    return f"127.0.0.1:{yizhan.port}"


def write_tar(path, members):
    """members: {name: bytes, or a TarInfo}, in their order."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info is not data:
                info.size = len(data)
            tar.addfile(info, None if info is data else io.BytesIO(data))
    return path


def link_to(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def docker_save(image, *names, **changes):
    """The members of a `docker save` archive, in the layout before Docker 25; manifest.json comes last. The layers of
    the image must not be compressed. changes: {name: bytes} by their places "config", "layer0", ..."""
    config = image.config.digest.removeprefix("sha256:")
    members = {f"{config}.json": changes.get("config", image.config.body)}
    layers = []
    for number, blob in enumerate(image.layers):
        layers.append(f"{number:064x}/layer.tar")
        members[f"{number:064x}/VERSION"] = b"1.0"
        members[layers[-1]] = changes.get(f"layer{number}", blob.body)
    manifest = [{"Config": f"{config}.json", "RepoTags": list(names) or None, "Layers": layers}]
    return {**members, "manifest.json": json.dumps(manifest).encode()}


def docker_save_both(members, others):
    """Both archives in one."""
    moved = {name.replace("0" * 63, "f" * 63): body for name, body in others.items()}
    told = json.loads(members["manifest.json"]) + json.loads(moved["manifest.json"].replace(b"0" * 63, b"f" * 63))
    return {**members, **moved, "manifest.json": json.dumps(told).encode()}


def plain_image(*texts, **options):
    return make_image([layer({"file": text.encode()}, compressed=False) for text in texts], **options)


def layout_members(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def write_layouts(folder, tagged):
    """tagged: [(image, tag)] -> one layout with all of them."""
    told = []
    for image, tag in tagged:
        write_layout(folder, image, tag)
        told += json.loads((folder / "index.json").read_bytes())["manifests"]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": told}))
    return folder


def config_in(archive):
    """The digest of the configuration of the only image in an archive, which is its ID."""
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        if "manifest.json" in names:
            (image,) = json.load(tar.extractfile("manifest.json"))
            return digest_of(tar.extractfile(image["Config"]).read())
        (manifest,) = json.load(tar.extractfile("index.json"))["manifests"]
        place = "blobs/" + manifest["digest"].replace(":", "/")
        return json.load(tar.extractfile(place))["config"]["digest"]


# ---- wheels ----


@pytest.fixture
def dists():
    return [
        make_wheel("app", "1.0", ["dep>=1"], requires_python=">=3.6"),
        make_wheel("dep", "1.4", size=100000),
        make_sdist("source-only", "1.2"),
    ]


@pytest.fixture
def wheels(make_yizhan, make_upstream, venv, dists, tmp_path):
    """What pip downloads."""
    folder = tmp_path / "wheels"
    index = make_yizhan(make_upstream(Tree.tuna(dists))).index
    venv.pip("download", "app", "source-only", "-d", folder, index=index)
    assert {path.name for path in folder.iterdir()} == {dist.filename for dist in dists}
    return folder


def test_formats_wheels_install_offline(target, wheels, venv, dists):
    yizhan = imported(target, wheels)
    venv.pip("install", "app", "source-only", index=yizhan.index)
    assert [venv.version_of(module) for module in ("app", "dep", "source_only")] == ["1.0", "1.4", "1.2"]
    for dist in dists:
        assert yizhan.get(dist.path).body == dist.data
    yizhan.assert_blobs_whole()


def test_formats_wheels_pages_say_what_pip_needs(target, wheels, dists):
    yizhan = imported(target, wheels)
    (file,) = yizhan.page("app")["files"]
    app = dists[0]
    assert file["filename"] == app.filename
    assert file["url"] == "../.." + app.path
    assert file["hashes"] == {"sha256": app.sha256}
    assert (file["size"], file["requires-python"]) == (len(app.data), ">=3.6")
    assert file["core-metadata"] == {"sha256": app.metadata_sha256}
    assert yizhan.get(app.path + ".metadata").body == app.metadata
    assert yizhan.page("app")["versions"] == ["1.0"]


def test_formats_wheels_join_the_page_that_is_held(make_yizhan, make_upstream, tmp_path):
    """A second server loses its upstream, and gets a wheel that was not there."""
    old, new = make_wheel("sample", "1.0", requires_python=">=3.7"), make_wheel("sample", "2.0")
    upstream = make_upstream(Tree.tuna([old]))
    yizhan = make_yizhan(upstream)
    assert yizhan.get(old.path).body == old.data
    before = yizhan.page("sample")["files"]
    yizhan.wait_idle()
    yizhan.stop()
    yizhan.configure(server={"offline": "yes"})
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / new.filename).write_bytes(new.data)
    yizhan = imported(yizhan, tmp_path / "wheels")
    page = yizhan.page("sample")
    assert [file for file in page["files"] if file["filename"] == old.filename] == before
    assert {file["filename"] for file in page["files"]} == {old.filename, new.filename}
    for dist in (old, new):
        assert yizhan.get(dist.path).body == dist.data


def test_formats_wheels_are_refreshed_from_an_upstream(make_yizhan, make_upstream, tmp_path):
    old, new = make_wheel("sample", "1.0"), make_wheel("sample", "2.0")
    yizhan = make_yizhan(make_upstream(Tree.tuna([old, new])))
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / old.filename).write_bytes(old.data)
    imported(yizhan, tmp_path / "wheels")
    assert {file["filename"] for file in yizhan.page("sample")["files"]} == {old.filename, new.filename}
    assert yizhan.get(new.path).body == new.data


def test_formats_wheels_other_files_are_named_and_skipped(target, wheels):
    (wheels / "README.txt").write_text("hello")
    (wheels / "not-a-wheel.whl").write_bytes(b"PK")
    (wheels / "folder").mkdir()
    result = admin(target, "import", wheels)
    assert result.status == 0, result.stderr
    for name in ("README.txt", "not-a-wheel.whl", "folder"):
        assert name in result.stdout + result.stderr


def test_formats_wheels_broken_wheel_is_refused(target, wheels, dists):
    path = wheels / dists[1].filename
    path.write_bytes(path.read_bytes()[:-500])
    assert dists[1].filename in refused(target, wheels)


# ---- images: docker, podman, skopeo ----


@pytest.fixture
def registry(make_registry):
    return make_registry()


@pytest.fixture
def hello(registry, make_hello):
    return registry.add("library/hello", make_hello("hello from afar", extra=1 << 20), "1.0", "latest")


@pytest.fixture
def docker(dockerd):
    yield dockerd
    for name in dockerd.names():
        dockerd.remove(name)


def test_formats_docker_save_pulls_again(docker, make_yizhan, registry, hello, closed, tmp_path):
    docker.use_mirrors(make_yizhan(registries={"docker.io": [registry]}).url)
    docker.pull("hello:1.0")
    (tmp_path / "hello.tar").write_bytes(docker.save("hello:1.0"))
    docker.remove("hello:1.0")
    imported(closed, tmp_path / "hello.tar")
    docker.use_mirrors(closed.url)
    docker.pull("hello:1.0")
    assert docker.inspect("hello:1.0")["Id"] == hello.config.digest
    assert docker.run("hello:1.0").startswith("hello from afar")
    closed.assert_blobs_whole()


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive", "oci"])
def test_formats_skopeo_copy_pulls_again(make_skopeo, make_yizhan, registry, hello, target, tmp_path, kind):
    skopeo = make_skopeo({"docker.io": at(make_yizhan(registries={"docker.io": [registry]}))})
    skopeo.copy("docker://docker.io/library/hello:1.0", f"{kind}:{tmp_path}/saved:hello:1.0")
    yizhan = imported(target, tmp_path / "saved")
    told = make_skopeo({"docker.io": at(yizhan)}).inspect("docker://docker.io/library/hello:1.0", "--no-tags")
    saved = skopeo.inspect(f"{kind}:{tmp_path}/saved:hello:1.0")
    assert told["Layers"] == saved["Layers"]
    if kind != "docker-archive":
        assert told["Digest"] == saved["Digest"]
    config = yizhan.manifest("library/hello", "1.0").json()["config"]["digest"]
    body = yizhan.blob("library/hello", config).json()
    assert body["rootfs"] == json.loads(hello.config.body)["rootfs"]


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_formats_podman_save_pulls_again(make_podman, make_yizhan, registry, hello, target, tmp_path, kind):
    podman = make_podman({"docker.io": at(make_yizhan(registries={"docker.io": [registry]}))})
    podman.pull(f"{HELLO}:1.0")
    podman.podman("save", "--quiet", "--format", kind, "-o", tmp_path / "saved.tar", f"{HELLO}:1.0")
    yizhan = imported(target, tmp_path / "saved.tar")
    again = make_podman({"docker.io": at(yizhan)})
    assert again.pull(f"{HELLO}:1.0") == config_in(tmp_path / "saved.tar").removeprefix("sha256:")
    assert again.run(f"{HELLO}:1.0").startswith("hello from afar")


def test_formats_docker_save_makes_the_same_manifest_every_time(closed, tmp_path):
    """By Docker's "Image Manifest V 2, Schema 2"; the configuration is as it was, a layer's digest is its diff_id."""
    image = plain_image("one", "two", "one")
    imported(closed, write_tar(tmp_path / "a.tar", docker_save(image, "nginx:latest")))
    first = closed.manifest("library/nginx", "latest")
    assert first.media_type == "application/vnd.docker.distribution.manifest.v2+json"
    document = first.json()
    assert document["config"] == image.config.descriptor()
    assert document["layers"] == [blob.descriptor() for blob in image.layers]
    assert first.header("Docker-Content-Digest") == digest_of(first.body)
    for blob in image.blobs:
        assert closed.blob("library/nginx", blob.digest).body == blob.body
    imported(closed, write_tar(tmp_path / "b.tar", docker_save(image, "other:1")))
    assert closed.manifest("library/other", "1").body == first.body


def test_formats_docker_save_layers_as_links(closed, tmp_path):
    image = plain_image("one", "one", "one")
    members = docker_save(image, "nginx:latest")
    members[f"{1:064x}/layer.tar"] = link_to(f"{1:064x}/layer.tar", f"../{0:064x}/layer.tar")
    members[f"{2:064x}/layer.tar"] = link_to(f"{2:064x}/layer.tar", f"{0:064x}/layer.tar", tarfile.LNKTYPE)
    imported(closed, write_tar(tmp_path / "a.tar", members))
    assert closed.manifest("library/nginx", "latest").json()["layers"] == [blob.descriptor() for blob in image.layers]


def test_formats_docker_save_compressed_layers(closed, tmp_path):
    """As crane, ko and kaniko write them."""
    packed = layer({"file": b"text"})
    image = make_image([packed])
    imported(closed, write_tar(tmp_path / "a.tar", docker_save(image, "nginx:latest")))
    (told,) = closed.manifest("library/nginx", "latest").json()["layers"]
    assert told == {**packed.blob.descriptor(), "mediaType": DOCKER_LAYER + ".gzip"}


@pytest.mark.parametrize("program", ["gzip", "zstd", "xz", "bzip2"])
def test_formats_compressed_archive(closed, tmp_path, program):
    image = plain_image("one")
    path = write_tar(tmp_path / "a.tar", docker_save(image, "nginx:latest"))
    subprocess.run([program, "-q", path], check=True)
    (packed,) = tmp_path.glob("a.tar.*")
    imported(closed, packed)
    assert closed.manifest("library/nginx", "latest").status == 200


def test_formats_from_a_pipe(closed, tmp_path):
    path = write_tar(tmp_path / "a.tar", docker_save(plain_image("one"), "nginx:latest"))
    done = subprocess.run(
        command(closed, "import", "--format", "docker", "-"),
        input=path.read_bytes(),
        capture_output=True,
        timeout=PATIENCE_S,
        env={**closed.environment, "TMPDIR": str(tmp_path)},
        cwd=closed.folder,
    )
    assert done.returncode == 0, done.stderr
    assert closed.manifest("library/nginx", "latest").status == 200


def test_formats_several_images(closed, tmp_path):
    one, two = plain_image("one", "shared"), plain_image("two", "shared")
    both = docker_save_both(docker_save(one, "nginx:1", "ghcr.io/owner/app:2"), docker_save(two, "nginx:2"))
    imported(closed, write_tar(tmp_path / "a.tar", both))
    told = [closed.manifest(name, tag).json() for name, tag in
            (("library/nginx", "1"), ("ghcr.io/owner/app", "2"), ("library/nginx", "2"))]
    assert [document["config"]["digest"] for document in told] == [
        one.config.digest, one.config.digest, two.config.digest]
    assert closed.blob("ghcr.io/owner/app", one.config.digest).status == 200


def test_formats_layout_keeps_every_byte(target, tmp_path):
    images = [make_image([layer({"for": name.encode()}, docker=False)], False, architecture=name) for name in ("amd64", "arm64")]
    index = make_index([*images, make_attestation(images[0])])
    yizhan = imported(target, "--name", "docker:nginx", write_layout(tmp_path / "layout", index, "1.27"))
    assert pull_all(yizhan, "library/nginx", "1.27") == content_of_image(index)


def test_formats_layout_keeps_all_tags_of_an_image(target, tmp_path):
    image = make_image([layer({"file": b"one"}, docker=False)], False)
    folder = write_layouts(tmp_path / "layout", [(image, "1"), (image, "latest")])
    yizhan = imported(target, "--name", "docker:nginx", folder)
    for tag in ("1", "latest"):
        assert pull_all(yizhan, "library/nginx", tag) == content_of_image(image)


def test_formats_docker_25_archive(closed, tmp_path):
    """Both forms in one archive, and of an index only what was pulled: docker save with the containerd store."""
    here, there = plain_image("here", docker=False), plain_image("there", docker=False, architecture=OTHER_MACHINE)
    index = make_index([here, there])
    folder = write_layout(tmp_path / "layout", index, "latest")
    for gone in (there.manifest, *there.blobs):
        (folder / "blobs" / "sha256" / gone.digest.removeprefix("sha256:")).unlink()
    document = json.loads((folder / "index.json").read_text())
    document["manifests"][0]["annotations"]["io.containerd.image.name"] = "docker.io/library/nginx:1.27"
    (folder / "index.json").write_text(json.dumps(document))
    blobs = [f"blobs/sha256/{blob.digest.removeprefix('sha256:')}" for blob in here.blobs]
    manifest = [{"Config": blobs[0], "RepoTags": ["nginx:1.27"], "Layers": blobs[1:]}]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    result = admin(closed, "import", write_tar(tmp_path / "a.tar", layout_members(folder)))
    assert result.status == 0, result.stderr
    assert f"linux/{OTHER_MACHINE}" in result.stdout + result.stderr
    assert closed.manifest("library/nginx", "1.27").body == index.manifest.body
    assert closed.manifest("library/nginx", here.digest).body == here.manifest.body
    assert closed.manifest("library/nginx", there.digest).status == 404


# ---- what a running server remembers ----


def test_formats_import_while_served(make_yizhan, make_upstream, tmp_path):
    """The page and the absence of a tag are in its memory."""
    old, new = make_wheel("sample", "1.0"), make_wheel("sample", "2.0")
    yizhan = make_yizhan(make_upstream(Tree.tuna([old])))
    yizhan.page("sample")
    yizhan.wait_idle()
    yizhan.stop()
    yizhan.configure(server={"offline": "yes"}, registries=REGISTRIES)
    yizhan.start()
    assert {file["filename"] for file in yizhan.page("sample")["files"]} == {old.filename}
    assert yizhan.manifest("library/nginx", "latest").status == 404
    assert yizhan.get(new.path).status == 404
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / new.filename).write_bytes(new.data)
    imported(yizhan, tmp_path / "wheels")
    assert {file["filename"] for file in yizhan.page("sample")["files"]} == {old.filename, new.filename}
    assert yizhan.get(new.path).body == new.data
    for text in ("one", "two"):
        image = plain_image(text)
        imported(yizhan, write_tar(tmp_path / "a.tar", docker_save(image, "nginx:latest")))
        told = yizhan.manifest("library/nginx", "latest").json()
        assert told["config"]["digest"] == image.config.digest
        assert yizhan.blob("library/nginx", image.config.digest).body == image.config.body


# ---- names ----


def test_formats_name_is_needed(closed, tmp_path):
    archive = write_tar(tmp_path / "a.tar", docker_save(plain_image("one")))
    assert "--name" in refused(closed, archive)
    assert "TAG" in refused(closed, "--name", "docker:nginx", archive)
    imported(closed, "--name", "docker:ghcr.io/owner/app:1", archive)
    assert closed.manifest("ghcr.io/owner/app", "1").status == 200
    assert closed.manifest("library/nginx", "latest").status == 404


def test_formats_name_of_a_registry_that_is_not_served(closed, tmp_path):
    archive = write_tar(tmp_path / "a.tar", docker_save(plain_image("one"), "localhost/app:1"))
    assert '[registry "localhost"]' in refused(closed, archive)
    imported(closed, "--name", "docker:app:2", archive)
    assert closed.manifest("library/app", "2").status == 200


def test_formats_name_without_a_tag_keeps_the_tag(closed, tmp_path):
    one = plain_image("one")
    archive = write_tar(tmp_path / "a.tar", docker_save(one, "localhost:5000/app:1.5"))
    imported(closed, "--name", "docker:other", archive)
    assert closed.manifest("library/other", "1.5").status == 200
    several = write_tar(tmp_path / "b.tar", docker_save(one, "app:1", "app:2"))
    assert "which tag is meant" in refused(closed, "--name", "docker:other", several)


# ---- hostile and broken ones ----


def altered(body):
    return body[:600] + bytes([body[600] ^ 1]) + body[601:]


def without(members, name):
    return {key: value for key, value in members.items() if key != name}


def device(name):
    info = tarfile.TarInfo(name)
    info.type = tarfile.CHRTYPE
    return info


def huge(name):
    info = tarfile.TarInfo(name)
    info.size = 1 << 60
    return info


GOOD = docker_save(plain_image("one", "two"), "nginx:latest")
HOSTILE = {
    "name with ..": {**GOOD, "../../evil": b"x"},
    "absolute name": {**GOOD, "/etc/evil": b"x"},
    "link that leads out": {**GOOD, "link": link_to("link", "../../../etc/passwd")},
    "layer that leads out": {**GOOD, f"{1:064x}/layer.tar": link_to(f"{1:064x}/layer.tar", "/etc/passwd")},
    "hard link that leads out": {**GOOD, "link": link_to("link", "/etc/passwd", tarfile.LNKTYPE)},
    "name that speaks to terminals": {**GOOD, "../\x1b]0;evil\x07": b"x"},
    "device": {**GOOD, "null": device("null")},
    "altered layer": docker_save(plain_image("one"), "nginx:latest", layer0=altered(plain_image("one").layers[0].body)),
    "altered config": docker_save(plain_image("one"), "nginx:latest", config=plain_image("other").config.body),
    "missing layer": without(GOOD, f"{1:064x}/layer.tar"),
    "no manifest": without(GOOD, "manifest.json"),
    "manifest is no JSON": {**GOOD, "manifest.json": b"[{"},
    "manifest is empty": {**GOOD, "manifest.json": b"[]"},
    "manifest is nested": {**GOOD, "manifest.json": b"[" * 100000},
    "bad name of an image": docker_save(plain_image("one"), "../../x:latest"),
    "bad tag": docker_save(plain_image("one"), "nginx:la/test"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_formats_refuses(target, tmp_path, what):
    assert "a.tar" in refused(target, write_tar(tmp_path / "a.tar", HOSTILE[what]))


def test_formats_refuses_huge_claims(target, tmp_path):
    path = write_tar(tmp_path / "a.tar", GOOD)
    data = path.read_bytes()
    path.write_bytes(huge("big").tobuf(tarfile.GNU_FORMAT) + data)
    assert "a.tar" in refused(target, path)


def test_formats_refuses_one_image_told_a_thousand_times(target, tmp_path):
    """A small archive, but its configuration would be read a thousand times."""
    config = json.dumps({"rootfs": {"diff_ids": []}, "text": "x" * (1 << 20)}).encode()
    images = [{"Config": "c.json", "RepoTags": [f"a{i}:1"], "Layers": []} for i in range(1000)]
    path = write_tar(tmp_path / "a.tar", {"c.json": config, "manifest.json": json.dumps(images).encode()})
    assert "names more images than can be in the archive" in refused(target, path)


def test_formats_refuses_two_images_of_one_tag(target, tmp_path):
    one, two = plain_image("one"), plain_image("two")
    both = docker_save_both(docker_save(one, "nginx:1"), docker_save(two, "docker.io/library/nginx:1"))
    told = refused(target, write_tar(tmp_path / "a.tar", both))
    assert "docker.io/library/nginx:1 names two images" in told and "a.tar" in told


def test_formats_refuses_two_images_of_one_tag_in_a_layout(target, tmp_path):
    images = [make_image([layer({"file": text})], False) for text in (b"one", b"two")]
    folder = write_layouts(tmp_path / "layout", [(image, "1") for image in images])
    message = refused(target, "--name", "docker:nginx", folder)
    assert "docker.io/library/nginx:1 names two images" in message
    assert all(image.digest in message for image in images)


@pytest.mark.parametrize("part", [100, 700, 5000])
def test_formats_refuses_what_is_cut_off(target, tmp_path, part):
    path = write_tar(tmp_path / "a.tar", GOOD)
    path.write_bytes(path.read_bytes()[:part])
    refused(target, path)


def test_formats_refuses_altered_layouts(target, tmp_path):
    image = make_image([layer({"file": noise(5000, 1)})], False)
    folder = write_layout(tmp_path / "layout", image, "1")
    path = folder / "blobs" / "sha256" / image.layers[0].digest.removeprefix("sha256:")
    path.write_bytes(altered(path.read_bytes()))
    assert image.layers[0].digest in refused(target, "--name", "docker:nginx", folder)
    path.unlink()
    assert image.layers[0].digest in refused(target, "--name", "docker:nginx", folder)


def test_formats_refuses_what_is_nothing_known(closed, wheels, tmp_path):
    """It says what else could be done, and of a pipe something else than of a file."""
    (tmp_path / "text").write_text("hello\n")
    assert "--format" not in refused(closed, tmp_path / "text")
    assert "name the folder" in refused(closed, next(wheels.glob("*.whl")))
    result = subprocess.run(command(closed, "import", "-"), input=b"hello\n", capture_output=True, cwd=closed.folder)
    assert result.returncode == 1 and b"--format" in result.stderr


def test_formats_refuses_a_folder_of_something_else(target, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letter.txt").write_text("hello")
    assert "neither" in refused(target, tmp_path / "folder")


def test_formats_wheels_that_vanish_while_they_are_read(closed, tmp_path):
    """The first wheel fills the bundle's buffer and the pipe: the second is read only once the stopped server goes on."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for dist in (make_wheel("a", "1.0", size=3_000_000), make_wheel("b", "1.0")):
        (folder / dist.filename).write_bytes(dist.data)
    (folder / "readme.txt").write_text("named when all has been looked at")
    with closed.standing_still():
        running = subprocess.Popen(
            command(closed, "import", folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=closed.environment,
            cwd=closed.folder,
        )
        assert "readme.txt" in running.stderr.readline()
        (folder / "b-1.0-py3-none-any.whl").unlink()
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    assert told == f"yizhan import: cannot read {folder}/b-1.0-py3-none-any.whl any more\n"
    assert closed.blob_files() == []


# ---- export ----


@pytest.fixture(params=["docker", "oci"])
def filled(request, make_yizhan, make_registry):
    """A server with docker.io/library/hello:1.0 for two platforms, held whole."""
    registry = make_registry()
    docker = request.param == "docker"
    names = ("amd64", "arm64")
    images = [make_image([layer({"for": name.encode()}, docker=docker)], docker, architecture=name) for name in names]
    yizhan = make_yizhan(registries={"docker.io": [registry]})
    yizhan.docker_types = docker
    yizhan.index_image = registry.add("library/hello", make_index(images, docker), "1.0")
    pull_all(yizhan, "library/hello", "1.0")
    yizhan.wait_idle()
    yizhan.registry = registry
    return yizhan


@pytest.fixture(params=["server", "alone"])
def source(request, filled):
    if request.param == "alone":
        filled.stop()
    return filled


def exported(yizhan, *arguments):
    result = admin(yizhan, "export", *arguments)
    assert result.status == 0, result.stderr
    return result


def not_exported(yizhan, *arguments):
    """Returns the sentence; nothing must be left in the folder of the destination, "out/"."""
    out = yizhan.folder / "out"
    out.mkdir(exist_ok=True)
    result = admin(yizhan, "export", *arguments)
    assert result.status == 1
    assert list(out.iterdir()) == []
    return result.stderr


def test_formats_export_layout(source, make_skopeo, tmp_path):
    """skopeo finds manifests of Docker's own types only where the layout has nothing else, and no tag is asked for."""
    exported(source, "--format", "oci", "-o", f"{tmp_path}/out/", "docker:hello:1.0")
    name = f"oci:{tmp_path}/out" + ("" if source.docker_types else ":1.0")
    skopeo = make_skopeo()
    for one in source.index_image.children:
        told = skopeo.skopeo("--override-arch", one.platform["architecture"], "inspect", name)
        assert json.loads(told)["Layers"] == [blob.digest for blob in one.layers]
    kept = {path.name: path.read_bytes() for path in (tmp_path / "out" / "blobs" / "sha256").iterdir()}
    assert kept == {digest.removeprefix("sha256:"): body for digest, body in content_of_image(source.index_image).items()}


def test_formats_export_layout_as_archive_and_back(source, closed, make_skopeo, tmp_path):
    exported(source, "--format", "oci", "-o", tmp_path / "out.tar", "docker:hello:1.0")
    skopeo = make_skopeo()
    name = f"oci-archive:{tmp_path}/out.tar" + ("" if source.docker_types else ":1.0")
    assert skopeo.inspect(name)["Architecture"] in ("amd64", "arm64")
    imported(closed, tmp_path / "out.tar")
    assert pull_all(closed, "library/hello", "1.0") == content_of_image(source.index_image)


def test_formats_export_several_images(source, make_skopeo, tmp_path):
    """All manifests come before all other blobs, whatever is named, and in which order."""
    if not source.running:
        source.start()
    other = source.registry.add("library/other", make_image([layer({"o": b"other"})]), "2")
    pull_all(source, "library/other", "2")
    source.wait_idle()
    for number, names in enumerate((["docker:hello:1.0", "docker:other:2"], ["docker:other:2", "docker:hello:1.0"])):
        out = tmp_path / f"out{number}"
        exported(source, "--format", "oci", "-o", out, *names)
        kept = {path.name: path.read_bytes() for path in (out / "blobs" / "sha256").iterdir()}
        expected = {**content_of_image(source.index_image), **content_of_image(other)}
        assert kept == {digest.removeprefix("sha256:"): body for digest, body in expected.items()}


def test_formats_export_says_what_it_wrote(source, tmp_path):
    """Not what else there was to choose from."""
    one = source.index_image.children[0]
    wanted = ["--format", "docker", "--platform", "linux/amd64", "docker:hello:1.0"]
    result = exported(source, *wanted, "-o", tmp_path / "out.tar", "--json")
    size = sum(len(body) for body in content_of_image(one).values())
    assert result.objects == [{"type": "summary", "blobs": len(content_of_image(one)), "bytes": size}]
    assert exported(source, *wanted, "-o", tmp_path / "out2.tar").stdout.startswith("3 blobs (")


def test_formats_export_docker_load(filled, docker, tmp_path):
    for image in filled.index_image.children:
        platform = f"linux/{image.platform['architecture']}"
        path = tmp_path / "out.tar"
        exported(filled, "--format", "docker", "--platform", platform, "-o", path, "docker:hello:1.0")
        docker.load(path.read_bytes())
        told = docker.inspect("hello:1.0")
        assert (told["Id"], told["Architecture"]) == (image.config.digest, image.platform["architecture"])
        docker.remove("hello:1.0")


def test_formats_export_podman_load(filled, make_podman, tmp_path):
    image = filled.index_image.children[0]
    exported(filled, "--format", "docker", "--platform", "linux/amd64", "-o", tmp_path / "out.tar", "docker:hello:1.0")
    podman = make_podman({})
    podman.podman("load", "--quiet", "-i", tmp_path / "out.tar")
    assert podman.podman("images", "--no-trunc", "--quiet").split() == [image.config.digest]


def test_formats_export_docker_skopeo(filled, make_skopeo, tmp_path):
    image = filled.index_image.children[1]
    exported(filled, "--format", "docker", "--platform", "linux/arm64", "-o", tmp_path / "out.tar", "docker:hello:1.0")
    archive = f"docker-archive:{tmp_path}/out.tar:{HELLO}:1.0"
    assert make_skopeo().skopeo("inspect", "--config", "--raw", archive).encode() == image.config.body


def test_formats_export_docker_wants_one_platform(source):
    out = source.folder / "out" / "x.tar"
    told = not_exported(source, "--format", "docker", "-o", out, "docker:hello:1.0")
    assert "linux/amd64" in told and "linux/arm64" in told and "--platform" in told
    told = not_exported(source, "--format", "docker", "--platform", "linux/s390x", "-o", out, "docker:hello:1.0")
    assert "linux/s390x" in told
    result = admin(source, "export", "--format", "docker", "--platform", "linux/amd64,linux/arm64", "-o", out, "docker:hello:1.0")
    assert result.status == 2 and "one platform" in result.stderr


def test_formats_export_platform_with_its_usual_variant(source, tmp_path):
    """No variant is v8 for arm64."""
    image = source.index_image.children[1]
    exported(source, "--format", "docker", "--platform", "linux/arm64/v8", "-o", tmp_path / "out.tar", "docker:hello:1.0")
    with tarfile.open(tmp_path / "out.tar") as tar:
        assert f"blobs/sha256/{image.config.digest.removeprefix('sha256:')}" in tar.getnames()


def test_formats_export_layout_leaves_no_platform_out_in_silence(source, tmp_path):
    both = ["--platform", "linux/amd64,linux/arm64"]
    result = admin(source, "export", "--format", "oci", *both, "-o", tmp_path / "a", "docker:hello:1.0")
    assert result.status == 2 and "one platform or all" in result.stderr
    (tmp_path / "images.txt").write_text("hello:1.0\n")
    exported(source, "--format", "oci", *both, "-o", tmp_path / "b", "--images", tmp_path / "images.txt")
    kept = {path.name for path in (tmp_path / "b" / "blobs" / "sha256").iterdir()}
    assert kept == {digest.removeprefix("sha256:") for digest in content_of_image(source.index_image)}


def test_formats_export_names_what_is_missing(source):
    gone = source.index_image.children[0].layers[0].digest
    if source.running:
        source.stop()
    source.blob_path(gone.removeprefix("sha256:")).unlink()
    for kind, out in (("oci", "x"), ("oci", "x.tar")):
        assert gone in not_exported(source, "--format", kind, "-o", source.folder / "out" / out, "docker:hello:1.0")
    assert gone in not_exported(
        source, "--format", "docker", "--platform", "linux/amd64", "-o", source.folder / "out" / "x.tar", "docker:hello:1.0"
    )
    exported(source, "--format", "oci", "--platform", "linux/arm64", "-o", source.folder / "out" / "x", "docker:hello:1.0")


def test_formats_export_says_what_failed_and_only_that(source, tmp_path):
    told = not_exported(source, "--format", "wheels", "-o", tmp_path / "out", "docker:hello:1.0")
    assert told.strip() == "yizhan export: nothing is held of what is named: no wheel, no sdist"


def test_formats_export_replaces_no_device(source, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    told = not_exported(
        source, "--format", "docker", "--platform", "linux/amd64", "-o", tmp_path / "pipe", "docker:hello:1.0"
    )
    assert "not a plain file" in told
    assert (tmp_path / "pipe").is_fifo()


def test_formats_export_of_nothing(source):
    out = source.folder / "out"
    for kind, name in (("oci", "docker:missing:1"), ("docker", "docker:missing:1"), ("wheels", "pypi:missing")):
        told = not_exported(source, "--format", kind, "-o", out / "x.tar", name)
        assert told == f"yizhan export: nothing of {name} is in the store; `yizhan ls` lists what is\n"


def test_formats_export_does_not_mix_into_a_folder(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    result = admin(source, "export", "--format", "oci", "-o", tmp_path / "out", "docker:hello:1.0")
    assert result.status == 1 and "empty" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_formats_export_wheels(closed, wheels, pip_factory, dists, tmp_path):
    imported(closed, wheels)
    names = [f"pypi:{dist.project}" for dist in dists]
    exported(closed, "--format", "wheels", "-o", tmp_path / "out", *names)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        dist.filename: dist.data for dist in dists}
    venv = pip_factory.make()
    venv.pip("install", "--no-index", "--find-links", tmp_path / "out", "app", "source-only")
    assert [venv.version_of(module) for module in ("app", "dep", "source_only")] == ["1.0", "1.4", "1.2"]
