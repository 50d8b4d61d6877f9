"""What people use beside the system's pip, each at its everyday work: today's pip, uv, Poetry, PDM, pip-tools and Pipenv.
Each writes its lock file through the mirror and then installs from it on another machine, while no upstream is there:
so what the lock file says (URLs, hashes, sizes) is what we serve."""

import pytest
from lib.packages import make_sdist, make_wheel
from lib.python_clients import Machine
from lib.tree import Tree

pytestmark = pytest.mark.peers

PYPROJECT = """
[project]
name = "site"
version = "0.1"
requires-python = ">=3.9,<4"
dependencies = ["app>=1", "source-only"]
"""
EXPECTED = ["2.0", "1.4", "3.0", "1.2"]


@pytest.fixture(scope="module")
def dists():
    """app needs dep and accel; of dep the newest two are not to be taken; source-only is to be built."""
    return [
        make_wheel("app", "2.0", ["dep>=1", "accel; python_version>'3'"]),
        make_wheel("dep", "1.0"),
        make_wheel("dep", "1.4"),
        make_wheel("dep", "1.5", yanked="broken on Tuesdays"),
        make_wheel("dep", "1.6", requires_python=">=99"),
        make_wheel("accel", "3.0", size=1 << 20),
        make_sdist("Source.Only", "1.2", ["dep"]),
    ]


@pytest.fixture
def nginx(make_nginx, dists):
    return make_nginx(Tree.tuna(dists))


@pytest.fixture
def mirror(make_yizhan, nginx):
    return make_yizhan(nginx)


@pytest.fixture
def make_machine(tmp_path, mirror):
    """make_machine(PIP_INDEX_URL=mirror.index): a machine whose client is told of the mirror by a variable."""
    made = []

    def make(**variables):
        made.append(Machine(tmp_path / f"machine{len(made)}", **variables))
        return made[-1]

    return make


def installed(machine):
    return machine.versions("app", "dep", "accel", "source_only")


def cut_off(mirror, nginx):
    """From now on there is what is held."""
    mirror.wait_idle()
    assert max(nginx.counts().values()) == 1, "something was asked for twice"
    nginx.stop()


def assert_locked(text, dists):
    """The hashes of what is to be installed, and no release that must not be."""
    for dist in (dists[0], dists[2], dists[5], dists[6]):
        assert dist.sha256 in text, f"{dist.filename} is not in the lock file"
    for dist in (dists[3], dists[4]):
        assert dist.sha256 not in text, f"{dist.filename} is in the lock file"


# ---- pip ----


def test_python_clients_pip_installs(make_machine, mirror):
    machine = make_machine(PIP_INDEX_URL=mirror.index)
    machine.run("pip", "--python", machine.python, "install", "app", "source-only")
    assert installed(machine) == EXPECTED


def test_python_clients_pip_locks_and_installs_the_lock_file(make_machine, mirror, nginx, dists):
    machine, other = (make_machine(PIP_INDEX_URL=mirror.index) for _ in range(2))
    machine.run("pip", "--python", machine.python, "lock", "app", "source-only")
    lock = machine.read("pylock.toml")
    assert_locked(lock, dists)
    machine.run("pip", "--python", machine.python, "install", "-r", "pylock.toml")
    assert installed(machine) == EXPECTED
    cut_off(mirror, nginx)
    other.write("pylock.toml", lock)
    other.run("pip", "--python", other.python, "install", "-r", "pylock.toml")
    assert installed(other) == EXPECTED


# ---- uv ----


def test_python_clients_uv_pip_installs(make_machine, mirror):
    machine = make_machine(UV_DEFAULT_INDEX=mirror.index)
    machine.run("uv", "pip", "install", "app", "source-only")
    assert installed(machine) == EXPECTED


@pytest.mark.one_of_each
def test_python_clients_uv_locks_and_syncs(make_machine, mirror, nginx, dists):
    machine, other = (make_machine(UV_DEFAULT_INDEX=mirror.index, UV_PROJECT_ENVIRONMENT="../venv") for _ in range(2))
    machine.write("pyproject.toml", PYPROJECT)
    machine.run("uv", "lock")
    machine.run("uv", "sync")
    assert installed(machine) == EXPECTED
    lock = machine.read("uv.lock")
    assert_locked(lock, dists)
    cut_off(mirror, nginx)
    other.write("pyproject.toml", PYPROJECT)
    other.write("uv.lock", lock)
    other.run("uv", "sync", "--locked")
    assert installed(other) == EXPECTED


# ---- Poetry ----


def test_python_clients_poetry_adds_locks_and_installs(make_machine, mirror, nginx, dists):
    machine, other = make_machine(), make_machine()
    machine.write("pyproject.toml", PYPROJECT.replace('"app>=1", ', "") + "[tool.poetry]\npackage-mode = false\n")
    machine.run("poetry", "source", "add", "--priority=primary", "mirror", mirror.index)
    machine.run("poetry", "add", "app")
    assert installed(machine) == EXPECTED
    lock = machine.read("poetry.lock")
    assert_locked(lock, dists)
    cut_off(mirror, nginx)
    other.write("pyproject.toml", machine.read("pyproject.toml"))
    other.write("poetry.lock", lock)
    other.run("poetry", "check", "--lock")
    other.run("poetry", "install")
    assert installed(other) == EXPECTED


# ---- PDM ----


def test_python_clients_pdm_locks_and_syncs(make_machine, mirror, nginx, dists):
    machine, other = make_machine(), make_machine()
    source = f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{mirror.index}"\nverify_ssl = true\n'
    for one in (machine, other):
        one.write("pyproject.toml", PYPROJECT + "[tool.pdm]\ndistribution = false\n" + source)
    machine.run("pdm", "use", "-f", machine.python)
    machine.run("pdm", "lock")
    lock = machine.read("pdm.lock")
    assert_locked(lock, dists)
    machine.run("pdm", "sync")
    assert installed(machine) == EXPECTED
    cut_off(mirror, nginx)
    other.write("pdm.lock", lock)
    other.run("pdm", "use", "-f", other.python)
    other.run("pdm", "sync")
    assert installed(other) == EXPECTED


# ---- pip-tools ----


def test_python_clients_pip_tools_compiles_with_hashes(make_machine, mirror, nginx, dists):
    machine, other = (make_machine(PIP_INDEX_URL=mirror.index) for _ in range(2))
    machine.write("requirements.in", "app>=1\nsource-only\n")
    machine.run("pip-compile", "--generate-hashes", "requirements.in")
    lock = machine.read("requirements.txt")
    assert_locked(lock, dists)
    machine.run("pip-sync", "--python-executable", machine.python)
    assert installed(machine) == EXPECTED
    cut_off(mirror, nginx)
    other.write("requirements.txt", lock)
    other.run("pip", "--python", other.python, "install", "--require-hashes", "-r", "requirements.txt")
    assert installed(other) == EXPECTED


# ---- Pipenv ----


def test_python_clients_pipenv_installs_and_syncs(make_machine, mirror, nginx, dists):
    """The Pipfile names the official index, as most do; the variable puts the mirror in its place."""
    machine, other = (make_machine(PIPENV_PYPI_MIRROR=mirror.index) for _ in range(2))
    machine.run("pipenv", "install", "app", "source-only")
    assert installed(machine) == EXPECTED
    lock = machine.read("Pipfile.lock")
    assert_locked(lock, dists)
    cut_off(mirror, nginx)
    other.write("Pipfile", machine.read("Pipfile"))
    other.write("Pipfile.lock", lock)
    other.run("pipenv", "sync")
    assert installed(other) == EXPECTED
