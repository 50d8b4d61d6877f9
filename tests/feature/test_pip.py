"""Real pip in fresh virtual environments, through a mirror of nginx or scripted upstreams."""

import hashlib
import sys

import pytest
from lib.extent import SOAK
from lib.packages import SYSTEM_WHEELS, build_tools, load_wheel, make_sdist, make_wheel
from lib.tree import Tree
from lib.upstream import Answer

pytestmark = pytest.mark.peers

MB = 1 << 20


@pytest.fixture(scope="module")
def dists():
    return [
        make_wheel("app", "1!2.0+local1", ["dep>=1", "Foo.Bar_baz[fast]~=0.1; python_version>'3'"]),
        make_wheel("dep", "1.0"),
        make_wheel("dep", "1.4"),
        make_wheel("dep", "1.5", yanked="broken on Tuesdays"),
        make_wheel("dep", "1.6", requires_python=">=99"),
        make_wheel("Foo.Bar_baz", "0.1", extras={"fast": ["accel"]}, size=2 * MB),
        make_wheel("accel", "3.0"),
        make_sdist("Source.Only", "1.2", ["dep"]),
    ]


SHAPES = ["tuna", "tuna as octet-stream", "aliyun"]


@pytest.fixture(params=SHAPES)
def mirror(request, make_nginx, dists):
    """A static mirror in each of the shapes that users meet."""
    if request.param == "aliyun":
        return make_nginx(Tree.aliyun(dists))
    json_type = "application/vnd.pypi.simple.v1+json" if request.param == "tuna" else "application/octet-stream"
    return make_nginx(Tree.tuna(dists), json_type=json_type)


@pytest.fixture
def nginx(make_nginx, dists):
    return make_nginx(Tree.tuna(dists))


def installed(venv):
    return {module: venv.version_of(module) for module in ("app", "dep", "foo_bar_baz", "accel")}


EXPECTED = {"app": "1!2.0+local1", "dep": "1.4", "foo_bar_baz": "0.1", "accel": "3.0"}


def only_once(counts):
    return {path: count for path, count in counts.items() if count != 1}


# ---- installing ----


def test_pip_installs_with_dependencies(make_yizhan, mirror, venv):
    """Extras, normalised names, an epoch, a local version; the yanked and the unfit release are passed over."""
    yizhan = make_yizhan(mirror)
    venv.pip("install", "app", index=yizhan.index)
    assert installed(venv) == EXPECTED
    assert mirror.counts() and only_once(mirror.counts()) == {}


def test_pip_installs_sdist(make_yizhan, mirror, venv):
    venv.pip("install", "source_only", index=make_yizhan(mirror).index)
    assert (venv.version_of("source_only"), venv.version_of("dep")) == ("1.2", "1.4")


def test_pip_builds_setuptools_sdist(make_yizhan, make_nginx, venv):
    """setuptools itself, and what it needs, comes through the mirror into pip's build environment."""
    legacy = make_sdist("legacy", "1.0", ["dep"], setuptools=True)
    nginx = make_nginx(Tree.tuna([*build_tools(), legacy, make_wheel("dep", "1.0")]))
    venv.pip("install", "legacy", index=make_yizhan(nginx).index)
    assert (venv.version_of("legacy"), venv.version_of("dep")) == ("1.0", "1.0")


def test_pip_installs_yanked_release_when_pinned(make_yizhan, nginx, venv):
    output = venv.pip("install", "dep==1.5", index=make_yizhan(nginx).index)
    assert venv.version_of("dep") == "1.5"
    assert "broken on Tuesdays" in output


@pytest.mark.one_of_each
def test_pip_require_hashes(make_yizhan, nginx, venv, dists, tmp_path):
    requirements = tmp_path / "requirements.txt"
    pinned = [dists[0], dists[2], dists[5], dists[6]]
    lines = [f"{dist.name}=={dist.version} --hash=sha256:{dist.sha256}\n" for dist in pinned]
    requirements.write_text("".join(lines))
    venv.pip("install", "--require-hashes", "-r", requirements, index=make_yizhan(nginx).index)
    assert installed(venv) == EXPECTED


def test_pip_require_hashes_refuses_another(make_yizhan, nginx, venv, tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"dep==1.4 --hash=sha256:{'0' * 64}\n")
    status, output = venv.pip(
        "install", "--require-hashes", "-r", requirements, index=make_yizhan(nginx).index, check=False
    )
    assert status != 0 and "DO NOT MATCH" in output


def test_pip_download(make_yizhan, mirror, venv, dists, tmp_path):
    venv.pip("download", "app", "-d", tmp_path / "wheels", index=make_yizhan(mirror).index)
    fetched = {path.name: path.read_bytes() for path in (tmp_path / "wheels").iterdir()}
    assert fetched == {dist.filename: dist.data for dist in (dists[0], dists[2], dists[5], dists[6])}


def test_pip_downloads_wheels_of_the_system(make_yizhan, make_nginx, venv, tmp_path):
    """Real wheels of others' making."""
    real = [load_wheel(path) for path in SYSTEM_WHEELS]
    assert real, "the system's wheels (python3-pip-whl, python3-setuptools-whl) are not installed"
    yizhan = make_yizhan(make_nginx(Tree.aliyun(real)))
    venv.pip("download", "--no-deps", *(dist.name for dist in real), "-d", tmp_path / "wheels", index=yizhan.index)
    fetched = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "wheels").iterdir()}
    assert fetched == {dist.filename: dist.sha256 for dist in real}
    for dist in real:
        assert yizhan.get(dist.path + ".metadata").body == dist.metadata


@pytest.mark.one_of_each
def test_pip_fast_deps_reads_wheels_by_range(make_yizhan, make_nginx, dists, venv):
    yizhan = make_yizhan(make_nginx(Tree.aliyun(dists)))
    venv.pip("install", "--use-feature=fast-deps", "app", index=yizhan.index)
    assert installed(venv) == EXPECTED


@pytest.mark.parametrize("hashes", ["md5", ""])
def test_pip_installs_from_mirror_of_other_layout(make_yizhan, make_nginx, dists, venv, hashes):
    venv.pip("install", "app", index=make_yizhan(make_nginx(Tree(dists, flat=True, hashes=hashes))).index)
    assert installed(venv) == EXPECTED


def test_pip_installs_url_of_a_lock_file(make_yizhan, nginx, dists, venv):
    """The cache is empty and no page was ever asked for."""
    yizhan = make_yizhan(nginx)
    url = f"http://127.0.0.1:{yizhan.port}{dists[2].path}#sha256={dists[2].sha256}"
    venv.pip("install", "--no-deps", url)
    assert venv.version_of("dep") == "1.4"


def test_pip_says_no_such_package(make_yizhan, nginx, venv):
    status, output = venv.pip("install", "missing", index=make_yizhan(nginx).index, check=False)
    assert status != 0 and "No matching distribution found for missing" in output


# ---- without upstreams ----


def test_pip_reinstalls_when_upstreams_are_gone(make_yizhan, mirror, pip_factory):
    yizhan = make_yizhan(mirror)
    pip_factory.make().pip("install", "app", index=yizhan.index)
    yizhan.wait_idle()
    mirror.stop()
    yizhan.restart()
    yizhan.advance(400 * 86400)
    fresh = pip_factory.make()
    fresh.pip("install", "app", index=yizhan.index)
    assert installed(fresh) == EXPECTED


def test_pip_reinstalls_offline(make_yizhan, mirror, pip_factory):
    yizhan = make_yizhan(mirror)
    pip_factory.make().pip("install", "app", index=yizhan.index)
    yizhan.wait_idle()
    yizhan.stop()
    before = len(mirror.log())
    yizhan.configure([mirror], server={"offline": "yes"})
    yizhan.start()
    fresh = pip_factory.make()
    fresh.pip("install", "app", index=yizhan.index)
    assert installed(fresh) == EXPECTED
    assert len(mirror.log()) == before


# ---- crowds ----


@pytest.mark.parametrize("mirror", SHAPES if SOAK else SHAPES[:1], indirect=True)
def test_pip_twenty_at_once_ask_once(make_yizhan, mirror, pip_factory):
    yizhan = make_yizhan(mirror)
    venvs = [pip_factory.make() for _ in range(20)]
    running = [venv.start("install", "app", index=yizhan.index) for venv in venvs]
    for venv, process in zip(venvs, running):
        venv.finish(process)
    assert [installed(venv) for venv in (venvs[0], venvs[-1])] == [EXPECTED] * 2
    assert mirror.counts() and only_once(mirror.counts()) == {}


# ---- bad upstreams ----


@pytest.fixture
def heavy():
    return make_wheel("heavy", "1.0", size=32 * MB)


@pytest.mark.one_of_each
def test_pip_upstream_dies_at_half(make_yizhan, make_upstream, venv, heavy):
    first, second = (make_upstream(Tree.tuna([heavy])) for _ in range(2))
    path = first.tree.file_path(heavy)
    first.change(path, cut_after=len(heavy.data) // 2)
    yizhan = make_yizhan(first, second)
    output = venv.pip("install", "heavy", index=yizhan.index)
    assert venv.version_of("heavy") == "1.0"
    assert "etry" not in output, "pip noticed"
    first_byte = int(second.asked(path)[0].header("Range").removeprefix("bytes=").rstrip("-"))
    assert 0 < first_byte <= len(heavy.data) // 2


def forge(dist, back=500):
    return dist.data[:-back] + bytes([dist.data[-back] ^ 1]) + dist.data[len(dist.data) - back + 1 :]


def test_pip_wrong_byte_in_last_kilobyte_next_serves(make_yizhan, make_upstream, venv, heavy):
    first, second = (make_upstream(Tree.tuna([heavy])) for _ in range(2))
    assert forge(heavy) != heavy.data and len(forge(heavy)) == len(heavy.data)
    first.on(first.tree.file_path(heavy), Answer(body=forge(heavy)))
    yizhan = make_yizhan(first, second)
    output = venv.pip("install", "heavy", index=yizhan.index)
    assert venv.version_of("heavy") == "1.0"
    assert "DO NOT MATCH" not in output
    assert second.asked(second.tree.file_path(heavy))


@pytest.mark.one_of_each
def test_pip_wrong_byte_in_last_kilobyte_never_completes(make_yizhan, make_upstream, venv, big_wheel):
    """pip prints the hash of what it got: that is never the hash of the forged file."""
    forged = forge(big_wheel)
    upstream = make_upstream(Tree.tuna([big_wheel]))
    upstream.on(upstream.tree.file_path(big_wheel), Answer(body=forged))
    status, output = venv.pip("install", "--retries=0", "bulky", index=make_yizhan(upstream).index, check=False)
    assert status != 0
    assert hashlib.sha256(forged).hexdigest() not in output


def test_pip_mirror_that_is_behind(make_yizhan, make_nginx, dists, venv):
    """The first mirror does not have the newest files yet; its page is what counts, its gaps are filled."""
    behind = make_nginx(Tree.tuna(dists))
    for dist in dists:
        (behind.folder / "www" / behind.tree.file_path(dist).lstrip("/")).unlink()
    yizhan = make_yizhan(behind, make_nginx(Tree.aliyun(dists)))
    venv.pip("install", "app", index=yizhan.index)
    assert installed(venv) == EXPECTED


def test_pip_runs_on_the_interpreter_of_the_tests(venv):
    """The environments are not those of another Python on PATH."""
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in venv.pip("--version")
