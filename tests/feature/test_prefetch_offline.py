"""What prefetch is for: lists as people have them are prefetched for several Pythons and platforms, every upstream is
stopped, and then real pip installs for each of these from what is held, and takes what it would have taken online."""

import functools
import itertools
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pytest
from lib import foreign_pip, locks, real_lists
from lib.admin import admin
from lib.extent import SOAK
from lib.pip_answers import pip_answer
from lib.pip_resolver import NO_ANSWER
from lib.universes import TARGETS
from lib.wait import SLOW
from packaging.utils import parse_sdist_filename, parse_wheel_filename

pytestmark = pytest.mark.peers

PYTHONS = ["3.10", "3.11"]
PLATFORMS = [target.name for target in TARGETS]
MACHINES = list(itertools.product(PYTHONS, PLATFORMS))
SOME_MACHINES = [("3.10", "win_amd64"), ("3.11", "linux_aarch64")]
CHOICE = ["--python", ",".join(PYTHONS), "--platform", ",".join(PLATFORMS)]
HERE = "%d.%d" % sys.version_info[:2]
A_WEEK = 7 * 86400


@pytest.fixture(params=list(real_lists.REQUIREMENTS))
def name(request):
    return request.param


@pytest.fixture
def requirements(name, tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(real_lists.REQUIREMENTS[name])
    return path


@pytest.fixture
def nginx(name, make_nginx):
    return make_nginx(real_lists.tree(name))


@functools.cache
def online(name):
    """{(python, platform): {filename}}: what pip chooses from the same index."""
    chosen = {}
    with TemporaryDirectory() as folder:
        for python, platform in MACHINES:
            question = {"python": python, "requirements": real_lists.lines(name), "constraints": []}
            question.update({"sdists": True, "prereleases": False})
            target = foreign_pip.BY_NAME[platform]
            constraints = Path(folder) / "constraints.txt"
            known_as = f"{name} {python} {platform} with sdists"
            chosen[python, platform] = pip_answer(known_as, question, target, constraints, real_lists.memory(name))
            assert chosen[python, platform] != NO_ANSWER
    return chosen


def prefetch(yizhan, *arguments):
    result = admin(yizhan, "prefetch", *arguments)
    assert result.status == 0, result.stderr
    return result


def without_upstream(yizhan, *upstreams):
    """All that was held has become old, and nobody can be asked."""
    for upstream in upstreams:
        upstream.stop()
    yizhan.stop()
    yizhan.advance(A_WEEK)
    yizhan.config.write_text(yizhan.config.read_text().replace("[server]\n", "[server]\noffline = yes\n"))
    return yizhan.start()


def project_and_version(filename):
    parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
    project, version = parse(filename)[:2]
    return project, str(version)


def pinned(filenames):
    """The same as lines of a list."""
    return ["==".join(project_and_version(filename)) for filename in filenames]


def install_for_all(yizhan, venv, name, requirements, folder):
    """{(python, platform): {filename}} that pip installs; two at a time."""
    installed = {}
    for pair in itertools.zip_longest(*[iter(MACHINES)] * 2):
        running = []
        for python, platform in filter(None, pair):
            report = folder / f"{python}-{platform}.json"
            arguments = ["--only-binary", ":all:", "--target", folder / f"{python}-{platform}", "--report", report]
            running.append(
                (python, platform, report, foreign_pip.start(
                    venv, python, platform, "install", *arguments, "-r", requirements, index=yizhan.index
                ))
            )
        for python, platform, report, process in running:
            venv.finish(process)
            installed[python, platform] = foreign_pip.installed_files(report)
    return installed


@pytest.mark.parametrize("name", ["flask", "science"], indirect=True)
@pytest.mark.parametrize("alone", [False, True], ids=["server", "alone"])
def test_prefetch_offline_wheels_for_every_target(make_yizhan, nginx, name, requirements, venv, tmp_path, alone):
    yizhan = make_yizhan(nginx, start=not alone)
    prefetch(yizhan, "-r", requirements, *CHOICE, "--sdist", "never")
    expected = online(name)
    without_upstream(yizhan, nginx)
    assert install_for_all(yizhan, venv, name, requirements, tmp_path) == expected


@pytest.mark.parametrize("name", ["flask", "science"], indirect=True)
def test_prefetch_offline_takes_no_more_than_needed(make_yizhan, nginx, name, requirements, tmp_path):
    yizhan = make_yizhan(nginx)
    prefetch(yizhan, "-r", requirements, *CHOICE, "--sdist", "never")
    needed = set().union(*online(name).values())
    held = {unquote(os.path.basename(path)) for path in nginx.counts() if "/packages/" in path}
    assert {filename for filename in held if not filename.endswith(".metadata")} == needed


@pytest.mark.parametrize("name", ["aliyun"], indirect=True)
@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "system"])
def test_prefetch_offline_builds_sdists(make_yizhan, nginx, name, requirements, venv, isolated):
    """What exists as sdist only is there with all that its build needs; the build itself can only be for this machine."""
    yizhan = make_yizhan(nginx)
    prefetch(yizhan, "-r", requirements, "--python", f"{HERE},3.10", "--platform", ",".join(PLATFORMS))
    without_upstream(yizhan, nginx)
    if not isolated:
        venv.pip("install", "setuptools", "wheel", index=yizhan.index)
    venv.pip("install", *([] if isolated else ["--no-build-isolation"]), "-r", requirements, index=yizhan.index)
    assert venv.version_of("aliyun_python_sdk_core") == "2.15.1"
    assert venv.version_of("aliyun_python_sdk_rds") == "2.7.43"
    assert venv.version_of("jmespath") == "0.10.0"
    assert venv.version_of("cryptography") == "42.0.8"
    assert venv.version_of("pycparser") == "2.22"


@pytest.mark.parametrize("name", ["aliyun"], indirect=True)
def test_prefetch_offline_sdists_for_every_target(make_yizhan, nginx, name, requirements, venv, tmp_path):
    """Builds are this machine's, whatever the target, so one environment is enough for all of them."""
    yizhan = make_yizhan(nginx)
    prefetch(yizhan, "-r", requirements, *CHOICE)
    expected = online(name)
    without_upstream(yizhan, nginx)
    venv.pip("install", "setuptools", "wheel", index=yizhan.index)
    for python, platform in SOME_MACHINES if SLOW and not SOAK else MACHINES:
        report = tmp_path / f"{python}-{platform}.json"
        folder = tmp_path / f"{python}-{platform}"
        arguments = ["--no-deps", "--no-build-isolation", "--dry-run", "--target", folder, "--report", report]
        process = foreign_pip.start(
            venv, python, platform, "install", *arguments, *pinned(expected[python, platform]), index=yizhan.index
        )
        venv.finish(process)
        assert foreign_pip.installed_files(report) == expected[python, platform]


@pytest.mark.one_of_each
@pytest.mark.parametrize("name", ["flask"], indirect=True)
def test_prefetch_offline_always_sdists(make_yizhan, nginx, name, requirements, venv):
    """--sdist always: what has wheels can be built, too."""
    yizhan = make_yizhan(nginx)
    prefetch(yizhan, "-r", requirements, "--python", HERE, "--platform", "linux_x86_64", "--sdist", "always")
    without_upstream(yizhan, nginx)
    venv.pip("install", "--no-binary", ":all:", "-r", requirements, index=yizhan.index)
    assert venv.version_of("flask") == "3.0.3"
    assert venv.version_of("typing_extensions") == "4.12.2"


# ---- lock files ----


@pytest.mark.parametrize("name", ["flask"], indirect=True)
@pytest.mark.parametrize("kind", locks.KINDS)
def test_prefetch_offline_lock_files(make_yizhan, nginx, name, kind, venv, tmp_path):
    expected = online(name)
    chosen = {project_and_version(filename) for filenames in expected.values() for filename in filenames}
    packages = {}
    for dist in real_lists.tree(name).dists:
        if (dist.project, dist.version) in chosen:
            packages.setdefault((dist.name, dist.version), []).append(dist)
    assert len(packages) == len(chosen)
    (tmp_path / kind).write_text(locks.KINDS[kind](packages))
    yizhan = make_yizhan(nginx)
    prefetch(yizhan, "-r", tmp_path / kind, *CHOICE)
    without_upstream(yizhan, nginx)
    for python, platform in SOME_MACHINES:
        report = tmp_path / f"{python}-{platform}.json"
        arguments = ["--no-deps", "--only-binary", ":all:", "--target", tmp_path / platform, "--report", report]
        wanted = pinned(expected[python, platform])
        venv.finish(foreign_pip.start(venv, python, platform, "install", *arguments, *wanted, index=yizhan.index))
        assert foreign_pip.installed_files(report) == expected[python, platform]


# ---- images ----

COMPOSE = """\
services:
  web:
    image: web:1.0
    ports: ["80:80"]
  again: {image: "docker.io/library/web:1.0"}
"""
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  template:
    spec:
      initContainers:
        - name: prepare
          image: team/prepare@%s
      containers:
        - name: worker
          image: team/worker:2.0
---
apiVersion: v1
kind: Service
"""


@pytest.fixture
def images(make_registry, make_hello):
    """A registry, and a digest by which one of its images is asked for."""
    registry = make_registry()
    for repository, tag in (("library/base", "1.0"), ("library/web", "1.0"), ("team/worker", "2.0")):
        registry.add(repository, make_hello(f"hello from {repository}"), tag)
    registry.prepare = registry.add("team/prepare", make_hello("hello from prepare"), "latest").digest
    return registry


@pytest.mark.one_of_each
def test_prefetch_offline_images_are_pulled(make_yizhan, images, dockerd, make_skopeo, tmp_path):
    lists = {"images.txt": "base:1.0\n", "compose.yaml": COMPOSE, "worker.yml": MANIFEST % images.prepare}
    yizhan = make_yizhan(registries={"docker.io": [images]})
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
    prefetch(yizhan, *itertools.chain(*(["--images", tmp_path / name] for name in lists)))
    without_upstream(yizhan, images)
    dockerd.use_mirrors(yizhan.url)
    skopeo = make_skopeo({"docker.io": f"127.0.0.1:{yizhan.port}"})
    for reference in ("base:1.0", "web:1.0", "team/worker:2.0", f"team/prepare@{images.prepare}"):
        dockerd.pull(reference)
        if "@" not in reference:
            whose = reference.split(":")[0]
            assert dockerd.run(reference).startswith(f"hello from {whose if '/' in whose else f'library/{whose}'}")
        skopeo.fetch_all(f"docker://docker.io/{reference}")
    for name in dockerd.names():
        dockerd.remove(name)
