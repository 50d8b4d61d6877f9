"""Registries, images and dockerd for the rows about container images. They are those of the feature tests."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import REGISTRY, BenchError, free_port

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "feature"))
# pylint: disable=wrong-import-position
from lib import images  # noqa: E402
from lib.docker import Dockerd  # noqa: E402
from lib.registry import DockerRegistry  # noqa: E402

NAME = "yizhan-bench"
REPOSITORY = f"library/{NAME}"
TAG = "1.0"
ACCEPT = f"Accept: {images.DOCKER_MANIFEST}"
MIRROR = "docker-registry as a mirror"
QUIET_MIRROR = "docker-registry as a mirror, without its log"


@contextmanager
def as_bench_errors():
    """The tests' own ways to say that something cannot be done."""
    try:
        yield
    except (AssertionError, pytest.skip.Exception, pytest.fail.Exception) as error:
        raise BenchError(str(error)) from error


class Registry:
    """Docker's registry with one image, as the upstream of the others."""

    def __init__(self, lab, image):
        self.image = image
        self.server, self._registry = start_registry(lab, "registry")
        with as_bench_errors():
            self._registry.push(REPOSITORY, image, TAG)
        self.paths = [blob_path(layer) for layer in image.layers]

    def downloads(self, path, at_least):
        """How often a path was asked for so far. The line comes after the last byte: wait for the first ones."""
        deadline = time.monotonic() + 5
        while True:
            count = self._registry.log().count(("GET", path))
            if count >= at_least or time.monotonic() > deadline:
                return count
            time.sleep(0.01)


def start_registry(lab, name, **options):
    with as_bench_errors():
        registry = DockerRegistry(lab.new_folder(name) / "registry", **options)
    return lab.adopt(registry.process, registry.port, registry.folder), registry


def start(lab, kind, upstream):
    """A server of the kind with an empty store, in front of the upstream."""
    if kind == "yizhan":
        return lab.yizhan(upstream, section=REGISTRY)
    if kind in (MIRROR, QUIET_MIRROR):
        port = free_port() if kind == QUIET_MIRROR else 0
        return start_registry(lab, "mirror", proxy=upstream.url(""), quiet_port=port)[0]
    return lab.cache(upstream)


def make_image(layer_count, layer_bytes, compressed=False):
    """Layers of bytes that do not compress."""
    layers = [images.layer({"data": images.noise(layer_bytes, number)}, compressed) for number in range(layer_count)]
    return images.make_image(layers)


def manifest_path(reference):
    return f"/v2/{REPOSITORY}/manifests/{reference}"


def blob_path(blob):
    return f"/v2/{REPOSITORY}/blobs/{blob.digest}"


class Docker:
    """A dockerd without any image, as a context manager, that gets its images from one server."""

    def __init__(self, lab, server):
        self.folder = lab.new_folder("docker")
        self._server = server
        self._dockerd = None

    def __enter__(self):
        with as_bench_errors():
            self._dockerd = Dockerd(self.folder / "docker", storage_driver="overlay2")
            self._dockerd.use_mirrors(self._server.url(""))
        return self

    def __exit__(self, *unused):
        self._dockerd.stop()

    def pull(self, image):
        """Returns how long it took in seconds."""
        with as_bench_errors():
            begin = time.monotonic()
            self._dockerd.pull(f"{NAME}:{TAG}")
            took = time.monotonic() - begin
            digests = self._dockerd.inspect(f"{NAME}:{TAG}")["RepoDigests"]
        if digests != [f"{NAME}@{image.digest}"]:
            raise BenchError(f"docker pulled {digests} instead of {image.digest}")
        return took
