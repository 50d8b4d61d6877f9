"""Container images, made in memory without any network: Docker schema 2 and OCI, indexes, attestations, artifacts.

    image = make_image([layer({"greeting": b"hello"})])
    index = make_index([image, make_image(..., architecture="arm64")])
    push(registry.url, "library/hello", image, "1.0")           to a registry that takes uploads
    write_layout(folder, image, "1.0")                          for skopeo copy oci:folder:1.0
"""

import gzip
import hashlib
import io
import json
import mmap
from platform import machine
import subprocess
import tarfile
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from lib import client

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
IN_TOTO = "application/vnd.in-toto+json"

# This machine, in the words of images; and another one.
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine(), machine())
OTHER_MACHINE = "arm64" if MACHINE == "amd64" else "amd64"


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@dataclass(frozen=True)
class Content:
    """Bytes that a registry holds under their digest."""

    body: bytes = field(repr=False)  # or a memoryview
    media_type: str
    digest: str = None

    def __post_init__(self):
        if self.digest is None:
            object.__setattr__(self, "digest", digest_of(self.body))

    def descriptor(self, **members):
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **members}


@dataclass(frozen=True)
class Layer:
    blob: Content
    diff_id: str


@dataclass(frozen=True)
class Image:
    """A manifest or an index, and everything below it."""

    manifest: Content
    blobs: tuple = ()  # config first, then layers
    children: tuple = ()  # of Image: what an index lists
    platform: dict = field(default_factory=dict, repr=False)

    @property
    def digest(self):
        return self.manifest.digest

    @property
    def config(self):
        return self.blobs[0]

    @property
    def layers(self):
        return self.blobs[1:]

    def all_images(self):
        """Itself last: children are pushed before what lists them."""
        return [image for child in self.children for image in child.all_images()] + [self]

    def all_blobs(self):
        return list({blob.digest: blob for image in self.all_images() for blob in image.blobs}.values())


# ---- making them ----


def layer(files, compressed=True, docker=True):
    """files: {"path": bytes, or (bytes, mode)}."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in files.items():
            data, mode = data if isinstance(data, tuple) else (data, 0o644)
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return tar_layer(packed.getvalue(), compressed, docker)


def tar_layer(tar, compressed=True, docker=True):
    body = gzip.compress(tar, 1, mtime=0) if compressed else tar
    suffix = (".gzip" if docker else "+gzip") if compressed else ""
    diff_id = digest_of(tar)
    media_type = (DOCKER_LAYER if docker else OCI_LAYER) + suffix
    return Layer(Content(body, media_type, None if compressed else diff_id), diff_id)


def huge_layer(size, docker=True):
    """One file of `size` zero bytes, in a tar that is not compressed: memory is only taken where it is not zero."""
    entry = tarfile.TarInfo("huge")
    entry.size = size
    head = entry.tobuf(tarfile.GNU_FORMAT)
    padding = -size % tarfile.BLOCKSIZE
    length = len(head) + size + padding + 2 * tarfile.BLOCKSIZE
    memory = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[: len(head)] = head
    return tar_layer(memoryview(memory), compressed=False, docker=docker)


def noise(size, seed):
    """Bytes that do not compress, the same for the same seed."""
    return hashlib.shake_128(repr(seed).encode()).digest(size)


def make_image(layers, docker=True, architecture=MACHINE, command=(), algorithm="sha256", **members):
    """members: further members of the manifest, such as annotations, subject, artifactType."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": "2024-01-02T03:04:05Z",
        "config": {"Cmd": list(command), "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        "history": [{"created": "2024-01-02T03:04:05Z", "created_by": f"layer {n}"} for n, _ in enumerate(layers)],
    }
    config = Content(json.dumps(config).encode(), DOCKER_CONFIG if docker else OCI_CONFIG)
    blobs = (config, *(one.blob for one in layers))
    platform = {"architecture": architecture, "os": "linux"}
    return manifest_of(blobs, DOCKER_MANIFEST if docker else OCI_MANIFEST, platform, algorithm, **members)


def manifest_of(blobs, media_type=OCI_MANIFEST, platform=None, algorithm="sha256", **members):
    described = [blob.descriptor() for blob in blobs]
    body = {"schemaVersion": 2, "mediaType": media_type, "config": described[0], "layers": described[1:], **members}
    return Image(content_of(body, media_type, algorithm), tuple(blobs), (), platform or {})


def content_of(document, media_type, algorithm="sha256"):
    """The document as JSON, indented as registries' clients do it: bytes must not be made anew on the way."""
    data = json.dumps(document, indent=3).encode()
    return Content(data, media_type, digest_of(data, algorithm))


def make_index(images, docker=False, **members):
    media_type = DOCKER_LIST if docker else OCI_INDEX
    entries = [
        image.manifest.descriptor(**({"platform": image.platform} if image.platform else {})) for image in images
    ]
    for image, entry in zip(images, entries):
        if image.platform.get("architecture") == "unknown":
            entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    body = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **members}
    return Image(content_of(body, media_type), (), tuple(images))


def make_attestation(image):
    """What BuildKit puts beside an image in its index."""
    statement = Content(json.dumps({"_type": "in-toto", "subject": image.digest}).encode(), IN_TOTO)
    platform = {"architecture": "unknown", "os": "unknown"}
    rootfs = {"type": "layers", "diff_ids": [statement.digest]}
    config = Content(json.dumps({**platform, "config": {}, "rootfs": rootfs}).encode(), OCI_CONFIG)
    return manifest_of((config, statement), platform=platform)


def make_artifact(subject, artifact_type, text=b"signed"):
    """What refers to an image: a signature, a list of parts."""
    empty = Content(b"{}", OCI_EMPTY)
    about = subject.manifest.descriptor()
    return manifest_of((empty, Content(text, "text/plain")), artifactType=artifact_type, subject=about)


def schema1_manifest(name, tag):
    """Docker's first kind of manifest. Its digest is not that of its bytes."""
    body = {"schemaVersion": 1, "name": name, "tag": tag, "architecture": "amd64", "fsLayers": [], "history": []}
    return content_of({**body, "signatures": [{"protected": "e30"}]}, DOCKER_SCHEMA1)


def build_program(folder, source):
    """A static executable from C, so that a container can run it without anything else in it."""
    (folder / "program.c").write_text(source)
    command = ["gcc", "-Os", "-s", "-static", "-o", folder / "program", folder / "program.c"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return (folder / "program").read_bytes()


# ---- bringing them to a registry ----


def push(url, repository, image, *tags, headers=()):
    """By the upload calls of the distribution specification; url: http://127.0.0.1:port."""
    port = urlsplit(url).port
    headers = dict(headers)
    base = f"/v2/{repository}"
    for blob in image.all_blobs():
        begun = client.fetch(port, f"{base}/blobs/uploads/", "POST", {**headers, "Content-Length": "0"})
        assert begun.status == 202, f"upload to {repository}: {begun.status} {begun.body}"
        place = urlsplit(begun.header("Location"))
        query = "&".join(filter(None, [place.query, urlencode({"digest": blob.digest})]))
        _put(port, f"{place.path}?{query}", blob.body, "application/octet-stream", headers)
    for one in image.all_images():
        for name in (one.digest, *(tags if one is image else ())):
            _put(port, f"{base}/manifests/{name}", one.manifest.body, one.manifest.media_type, headers)


def _put(port, target, body, media_type, headers):
    headers = {**headers, "Content-Length": str(len(body)), "Content-Type": media_type}
    answer = client.fetch(port, target, "PUT", headers, body=bytes(body))
    assert answer.status == 201, f"PUT {target}: {answer.status} {answer.body}"


def write_layout(folder, image, tag):
    """An OCI image layout (image-layout.md of the OCI image specification)."""
    for content in [*image.all_blobs(), *(one.manifest for one in image.all_images())]:
        algorithm, digits = content.digest.split(":")
        place = folder / "blobs" / algorithm
        place.mkdir(parents=True, exist_ok=True)
        (place / digits).write_bytes(content.body)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    named = image.manifest.descriptor(annotations={"org.opencontainers.image.ref.name": tag})
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    return folder
