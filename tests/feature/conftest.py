"""Fixtures. Every test has its own server, upstreams and store, on free ports, below its tmp_path."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lib import extent, images
from lib.containerd import Containerd
from lib.docker import Dockerd
from lib.nginx import Nginx
from lib.packages import make_wheel
from lib.pip import PipFactory
from lib.podman import Podman
from lib.registry import DockerRegistry
from lib.registry_api import LIBRARY
from lib.scripted_registry import ScriptedRegistry
from lib.skopeo import Skopeo
from lib.tree import Tree
from lib.upstream import ScriptedUpstream
from lib.yizhan import BINARY, Yizhan


def pytest_configure(config):
    config.addinivalue_line("markers", "peers: it spends its time in other programs, where a sanitizer sees nothing")
    config.addinivalue_line("markers", "one_of_each: a peer's test that runs under a sanitizer all the same")


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):  # once, however many processes run them
        session.config.get_terminal_writer().line(extent.TOLD)
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there: build it first, or name another in YIZHAN", returncode=2)
    # What a shell starts in the background ignores some of these, and would hand that down to all that tests interrupt.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def chance(request):
    """Decides what may be another every day; lib/extent.py has the rule. The seed is shown with a failure."""
    print(extent.TOLD)
    return extent.any_chance(request.node.name)


@pytest.fixture
def rnd(request):
    """The same for what is compared with another program: another only in a soak."""
    print(extent.TOLD)
    return extent.steady_chance(request.node.name)


@pytest.fixture(scope="session")
def pip_factory(tmp_path_factory):
    return PipFactory(tmp_path_factory.mktemp("pip"))


@pytest.fixture
def venv(pip_factory):
    return pip_factory.make()


@pytest.fixture
def make_upstream():
    """make_upstream(tree): a scripted upstream that serves the tree."""
    made = []

    def make(tree=None, host="127.0.0.1"):
        made.append(ScriptedUpstream(host))
        return made[-1].mount(tree if tree else Tree([]))

    yield make
    for upstream in made:
        upstream.stop()


@pytest.fixture
def make_nginx(tmp_path):
    """make_nginx(tree): the tree as a static mirror."""
    made = []

    def make(tree, **options):
        made.append(Nginx(tmp_path / f"nginx{len(made)}", tree, **options))
        return made[-1]

    yield make
    for nginx in made:
        nginx.stop()


@pytest.fixture
def make_yizhan(tmp_path):
    """make_yizhan(upstreams...): a running server. Its end must be clean."""
    made = []

    def make(*upstreams, start=True, **options):
        made.append(Yizhan(tmp_path / f"yizhan{len(made)}", upstreams, **options))
        return made[-1].start() if start else made[-1]

    yield make
    errors = []
    for yizhan in made:
        try:
            yizhan.stop()
        except AssertionError as error:
            errors.append(str(error))
    assert not errors, "\n".join(errors)


@pytest.fixture(scope="session")
def wheel():
    """A small wheel."""
    return make_wheel("sample", "1.0", requires_python=">=3.6")


@pytest.fixture(scope="session")
def big_wheel():
    """A wheel of 4 MiB that does not compress: many times what is held back at the end of a transfer."""
    return make_wheel("bulky", "2.0", size=4 << 20)


@pytest.fixture
def upstream(make_upstream, wheel, big_wheel):
    """One scripted upstream with `wheel` and `big_wheel`."""
    return make_upstream(Tree.tuna([wheel, big_wheel]))


@pytest.fixture
def yizhan(make_yizhan, upstream):
    """A server with `upstream` behind it."""
    return make_yizhan(upstream)


@pytest.fixture
def pair(make_upstream, wheel, big_wheel):
    """Two upstreams with the same tree."""
    tree = Tree.tuna([wheel, big_wheel])
    return make_upstream(tree), make_upstream(tree)


@pytest.fixture
def both(make_yizhan, pair):
    """A server with both behind it."""
    return make_yizhan(*pair)


# ---- images ----

PROGRAM = """
#include <stdio.h>
int main(void)
{
    char line[200];
    FILE *file = fopen("/greeting", "r");
    if (!file || !fgets(line, sizeof(line), file))
        return 1;
    return puts(line) < 0;
}
"""


@pytest.fixture
def make_registry():
    """make_registry(): a scripted registry."""
    made = []

    def make(host="127.0.0.1", kind=ScriptedRegistry):
        made.append(kind(host))
        return made[-1]

    yield make
    for registry in made:
        registry.stop()


@pytest.fixture(scope="session")
def small_image():
    return images.make_image([images.layer({"small": b"one"}), images.layer({"more": b"two"})])


@pytest.fixture(scope="session")
def big_image():
    """Its second layer is of 4 MiB."""
    return images.make_image([images.layer({"small": b"one"}), images.layer({"big": images.noise(4 << 20, "big")})])


@pytest.fixture(scope="session")
def big(big_image):
    """The layer."""
    return big_image.layers[1]


@pytest.fixture(scope="session")
def image(small_image):
    """What `registry` has. Files whose tests need time within a transfer say that it is big_image."""
    return small_image


@pytest.fixture
def make_library(make_registry, image):
    """make_library(): a scripted registry that has the image as hello:1.0."""

    def make():
        registry = make_registry()
        registry.add(LIBRARY, image, "1.0")
        return registry

    return make


@pytest.fixture
def registry(make_library):
    return make_library()


@pytest.fixture
def mirror(make_yizhan, registry):
    """A server with `registry` behind it, as the hub."""
    return make_yizhan(registries={"docker.io": [registry]})


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """A static executable that prints the file /greeting."""
    return images.build_program(tmp_path_factory.mktemp("program"), PROGRAM)


@pytest.fixture
def make_hello(program, request):
    """make_hello("text"): an image that prints the text when it runs. Its layers are no other test's: clients keep
    what they have."""
    whose = request.node.nodeid.encode()

    def make(greeting="hello", docker=True, architecture=images.MACHINE, extra=0):
        files = {"hello": (program, 0o755), "whose": whose}
        text = {"greeting": greeting.encode(), "whose": whose}
        layers = [images.layer(files, docker=docker), images.layer(text, docker=docker)]
        if extra:
            layers.append(images.layer({"extra": images.noise(extra, (whose, greeting))}, docker=docker))
        return images.make_image(layers, docker, architecture, ["/hello"])

    return make


@pytest.fixture(scope="session")
def docker_registry(tmp_path_factory):
    """Docker's own registry, shared by all tests: each takes a repository of its own."""
    registry = DockerRegistry(tmp_path_factory.mktemp("registry") / "open")
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory):
    """One for all tests: they set its mirrors, and have layers of their own."""
    daemon = Dockerd(tmp_path_factory.mktemp("dockerd") / "d")
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def containerd(tmp_path_factory):
    """The same."""
    daemon = Containerd(tmp_path_factory.mktemp("containerd") / "c")
    yield daemon
    daemon.stop()


@pytest.fixture
def make_skopeo(tmp_path):
    """make_skopeo({"docker.io": "127.0.0.1:port"}): with these mirrors."""
    made = []

    def make(mirrors=None):
        folder = tmp_path / f"skopeo{len(made)}"
        folder.mkdir()
        made.append(Skopeo(folder, mirrors))
        return made[-1]

    return make


@pytest.fixture
def make_podman():
    """The same for podman. It wants short paths."""
    with ExitStack() as folders:

        def make(mirrors):
            podman = Podman(Path(folders.enter_context(TemporaryDirectory(prefix="podman"))), mirrors)
            folders.callback(podman.stop)
            return podman

        yield make
