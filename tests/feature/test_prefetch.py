"""yizhan prefetch: what lists and names mean is fetched in advance, and then no upstream is needed."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from lib import client
from lib.admin import admin, ask, command, on_a_terminal
from lib.client import Background
from lib.images import layer, make_image, make_index, noise
from lib.packages import build_tools, make_sdist, make_wheel
from lib.registry_api import content_of_image, pull_all
from lib.tree import Tree
from lib.upstream import Answer
from lib.wait import PATIENCE_S, wait_until
from lib.yizhan import on_tmpfs

HERE = "%d.%d" % sys.version_info[:2]
TARGET = ["--python", "3.11", "--platform", "linux_x86_64"]


@pytest.fixture
def dists():
    """app 2.0 -> lib>=1.1 -> leaf; app 1.0 -> lib<1.1; only-source is an sdist."""
    return [
        make_wheel("app", "1.0", requires=["lib<1.1"]),
        make_wheel("app", "2.0", requires=["lib>=1.1", 'windows-only; sys_platform == "win32"']),
        make_wheel("lib", "1.0", size=20000),
        make_wheel("lib", "1.1", requires=["leaf"], size=300000),
        make_wheel("leaf", "0.1"),
        make_wheel("windows-only", "5.0"),
        make_wheel("sample", "3.0"),
        make_wheel("flit-core", "3.8"),
        make_sdist("only-source", "1.0", requires=["leaf"]),
    ]


@pytest.fixture
def upstream(make_upstream, dists):
    return make_upstream(Tree.tuna(dists))


@pytest.fixture
def images(make_registry):
    registry = make_registry()
    amd64 = make_image([layer({"a": noise(50000, "amd64")})], architecture="amd64")
    arm64 = make_image([layer({"a": noise(60000, "arm64")})], architecture="arm64")
    registry.amd64, registry.arm64 = amd64, arm64
    registry.both = registry.add("library/many", make_index([amd64, arm64]), "1")
    registry.single = registry.add("owner/single", make_image([layer({"s": noise(1000, "s")})]), "1")
    return registry


@pytest.fixture(params=["server", "alone"])
def yizhan(request, make_yizhan, upstream, images):
    """A server, or the configuration of one that does not run."""
    return make_yizhan(upstream, registries={"docker.io": [images]}, start=request.param == "server")


@pytest.fixture
def served(make_yizhan, upstream, images):
    return make_yizhan(upstream, registries={"docker.io": [images]})


def offline(yizhan, *upstreams):
    """Every upstream is gone, and the store is served."""
    for upstream in upstreams:
        upstream.stop()
    if not yizhan.running:
        yizhan.start()
    return yizhan


def states(result):
    return {item["name"]: item["state"] for item in result.of("item")}


def files_of(result):
    return {item["name"] for item in result.of("item") if item["kind"] == "file"}


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


# ---- packages ----


def test_prefetch_names_with_dependencies(yizhan, upstream, dists):
    result = ask(yizhan, "prefetch", *TARGET, "pypi:app", "sample")
    assert files_of(result) == {dists[1].filename, dists[3].filename, dists[4].filename, dists[6].filename}
    assert set(states(result).values()) == {"fetched"}
    assert result.summary["fetched"] == 4 and result.summary["failed"] == 0
    offline(yizhan, upstream)
    for dist in (dists[1], dists[3], dists[4], dists[6]):
        assert yizhan.get(dist.path).body == dist.data
        assert yizhan.get(dist.path + ".metadata").body == dist.metadata
    assert yizhan.get(dists[0].path).status != 200


def test_prefetch_again_fetches_nothing(yizhan, upstream, dists):
    ask(yizhan, "prefetch", *TARGET, "app")
    files = [request for request in upstream.asked() if "/packages/" in request.path]
    again = ask(yizhan, "prefetch", *TARGET, "app")
    assert set(states(again).values()) == {"held"}
    assert [request for request in upstream.asked() if "/packages/" in request.path] == files


def test_prefetch_markers_choose_by_target(yizhan, dists):
    result = ask(yizhan, "prefetch", "--python", "3.10", "--platform", "win_amd64", "app")
    assert dists[5].filename in files_of(result)


def test_prefetch_for_the_python_of_this_machine(served, dists, tmp_path, monkeypatch):
    """That of the first python3 in PATH; where there is none, nobody knows which is meant."""
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = ["prefetch", "--platform", "win_amd64", "--json", "app"]
    result = admin(served, *asked)
    assert result.status == 1
    assert "the versions of Python that the packages are for are not known: name them with --python" in result.stderr
    write(tmp_path, "python3", "#!/bin/sh\necho 3.10\n").chmod(0o755)
    result = admin(served, *asked)
    assert result.status == 0
    assert dists[5].filename in files_of(result)


def test_prefetch_without_dependencies(yizhan, dists):
    result = ask(yizhan, "prefetch", *TARGET, "--no-deps", "app")
    assert files_of(result) == {dists[1].filename}


def test_prefetch_versions(yizhan, dists):
    result = ask(yizhan, "prefetch", *TARGET, "--versions", "all", "app")
    assert files_of(result) == {dists[i].filename for i in (0, 1, 2, 3, 4)}
    result = ask(yizhan, "prefetch", *TARGET, "--versions", "1", "lib")
    assert files_of(result) == {dists[3].filename, dists[4].filename}


def test_prefetch_sdist_with_what_its_build_needs(make_yizhan, make_upstream, venv):
    """pip builds it with no upstream: by setuptools, and a tool that has to be built itself, with one that has to, too."""
    dists = [
        make_sdist("legacy", "1.0", ["dep"], setuptools=True, build_requires=["tool>1"]),
        make_sdist("tool", "1.5", build_requires=["maker"]),
        make_sdist("maker", "0.1", setuptools=True),
        make_wheel("dep", "1.0"),
        *build_tools(),
    ]
    upstream = make_upstream(Tree.tuna([*dists, make_wheel("maker", "0.0")]))
    yizhan = make_yizhan(upstream)
    result = ask(yizhan, "prefetch", "--python", HERE, "--platform", "linux_x86_64", "legacy")
    assert files_of(result) == {dist.filename for dist in dists}
    offline(yizhan, upstream)
    venv.pip("install", "legacy", index=yizhan.index)
    assert (venv.version_of("legacy"), venv.version_of("dep")) == ("1.0", "1.0")


def test_prefetch_builds_that_need_each_other(make_yizhan, make_upstream):
    """They cannot be built, but it must end."""
    dists = [make_sdist("one", "1.0", build_requires=["two"]), make_sdist("two", "1.0", build_requires=["one", "two"])]
    yizhan = make_yizhan(make_upstream(Tree.tuna(dists)))
    assert files_of(ask(yizhan, "prefetch", *TARGET, "one")) == {dist.filename for dist in dists}


def test_prefetch_builds_without_end(make_yizhan, make_upstream):
    dists = [make_sdist(f"p{i}", "1.0", build_requires=[f"p{i + 1}"]) for i in range(25)]
    yizhan = make_yizhan(make_upstream(Tree.tuna(dists)))
    refused = admin(yizhan, "prefetch", *TARGET, "p0")
    assert refused.status == 1
    assert "p20-1.0.tar.gz is needed to build something that is needed to build something else" in refused.stderr


def test_prefetch_sdists_where_they_are_wanted(yizhan, dists):
    result = ask(yizhan, "prefetch", *TARGET, "--no-deps", "only-source")
    assert files_of(result) == {dists[8].filename}
    refused = admin(yizhan, "prefetch", *TARGET, "--sdist", "never", "only-source")
    assert refused.status == 1
    assert "only-source" in refused.stderr


def test_prefetch_formats_that_a_list_allows(make_yizhan, make_upstream, tmp_path):
    """Of a project that pip may only build the newest version with an sdist, of one that it may not build one with a
    wheel."""
    both = [make_wheel("both", "1.0"), make_sdist("both", "1.0"), make_wheel("both", "2.0")]
    built = [make_wheel("built", "1.0"), make_sdist("built", "2.0")]
    yizhan = make_yizhan(make_upstream(Tree.tuna([*both, *built])))
    plain = write(tmp_path, "plain.txt", "both\nbuilt\n")
    assert files_of(ask(yizhan, "prefetch", *TARGET, "-r", plain)) == {both[2].filename, built[1].filename}
    told = write(tmp_path, "told.txt", "--no-binary=Both\n--only-binary :all:\n--no-binary both\nboth\nbuilt\n")
    assert files_of(ask(yizhan, "prefetch", *TARGET, "-r", told)) == {both[1].filename, built[0].filename}
    neither = admin(yizhan, "prefetch", *TARGET, "--sdist", "never", "-r", told)
    assert neither.status == 1
    assert "both 1.0 has an sdist, which may not be used, and its wheels may not be used" in neither.stderr


def test_prefetch_build_requirements_fit_together(make_yizhan, make_upstream):
    """The newest plugin alone would bring a tool that the build does not allow beside it."""
    source = make_sdist("built", "1.0", build_requires=["tool<2", "plugin"])
    old_tool, old_plugin = make_wheel("tool", "1.5"), make_wheel("plugin", "1.0", requires=["tool"])
    newest = [make_wheel("tool", "2.0"), make_wheel("plugin", "2.0", requires=["tool>=2"])]
    yizhan = make_yizhan(make_upstream(Tree.tuna([source, old_tool, old_plugin, *newest])))
    for options in [], ["--no-deps"]:
        result = ask(yizhan, "prefetch", *TARGET, *options, "built")
        assert files_of(result) == {dist.filename for dist in (source, old_tool, old_plugin)}


def test_prefetch_dry_run(yizhan, upstream, dists):
    result = ask(yizhan, "prefetch", *TARGET, "--dry-run", "app")
    planned = {item["name"]: item["bytes"] for item in result.of("item")}
    assert planned == {dist.filename: len(dist.data) for dist in (dists[1], dists[3], dists[4])}
    assert result.summary["planned"] == 3
    gets = [request for request in upstream.asked() if request.method == "GET"]
    assert not any(request.path.endswith(".whl") for request in gets)


def test_prefetch_dry_run_that_fails(served, upstream, dists):
    """A server that answers otherwise than a Yizhan does."""
    upstream.on(dists[6].path, Answer(500, b"no way", content_type="text/plain"))
    result = admin(served, "prefetch", "--server", upstream.url, *TARGET, "--dry-run", "sample")
    assert result.status == 1
    assert result.stderr == f"yizhan prefetch: {dists[6].filename}: the answer was 500\n"
    assert "1 failed" in result.stdout.splitlines()[-1]


def test_prefetch_unknown_package(yizhan, upstream, dists):
    result = admin(yizhan, "prefetch", *TARGET, "app", "no-such-project")
    assert result.status == 1
    assert "no-such-project" in result.stderr
    assert not any(request.path.endswith(".whl") for request in upstream.asked())
    going_on = admin(yizhan, "prefetch", *TARGET, "--keep-going", "--json", "app", "no-such-project")
    (failure,) = going_on.of("failure")
    assert "there is no project no-such-project" in failure["text"]
    assert going_on.status == 1
    assert dists[1].filename in files_of(going_on)


def test_prefetch_version_that_does_not_exist(yizhan):
    result = admin(yizhan, "prefetch", *TARGET, "app==9.9")
    assert result.status == 1
    assert "app==9.9" in result.stderr


def test_prefetch_conflict_names_both(yizhan):
    result = admin(yizhan, "prefetch", *TARGET, "app==2.0", "lib==1.0")
    assert result.status == 1
    assert "lib==1.0" in result.stderr and "lib>=1.1" in result.stderr


def test_prefetch_says_what_an_upstream_does_not_send(yizhan, upstream, dists):
    upstream.change(f"/pypi/web/packages/{dists[4].official_path}", status=500)
    upstream.change(f"/packages/{dists[4].official_path}", status=500)
    result = admin(yizhan, "prefetch", *TARGET, "--json", "app")
    assert result.status == 1
    assert states(result)[dists[4].filename] == "failed"
    assert dists[4].filename in result.stderr
    assert result.summary["fetched"] == 2


def test_prefetch_requirements(yizhan, upstream, dists, venv, tmp_path):
    path = write(tmp_path, "requirements.txt", "app==2.0  # pinned\nsample>=2,\\\n  <4\n")
    result = ask(yizhan, "prefetch", "--python", HERE, "-r", path)
    assert files_of(result) == {dists[i].filename for i in (1, 3, 4, 6)}
    offline(yizhan, upstream)
    venv.pip("install", "-r", str(path), index=yizhan.index)
    assert venv.version_of("app") == "2.0"


# ---- images ----


def test_prefetch_image_of_one_platform(yizhan, images):
    result = ask(yizhan, "prefetch", "--platform", "linux/arm64", "docker:many:1")
    # The tag, the index, one manifest; config and layer.
    assert result.summary["fetched"] == 5
    offline(yizhan, images)
    assert yizhan.manifest("library/many", "1").status == 200
    assert pull_all(yizhan, "library/many", images.arm64.digest) == content_of_image(images.arm64)
    assert yizhan.manifest("library/many", images.amd64.digest).status != 200


def test_prefetch_image_of_all_platforms(yizhan, images, tmp_path):
    path = write(tmp_path, "images.txt", "# a comment\nmany:1\n\nowner/single:1\n")
    result = admin(yizhan, "prefetch", "--platform", "linux/amd64,linux/arm64/v8", "--images", path, "--keep-going")
    assert result.status == 1  # the other one has a single platform
    assert "images.txt:4: owner/single:1 has no image for linux/arm64/v8; it has linux/amd64" in result.stderr
    offline(yizhan, images)
    assert pull_all(yizhan, "docker.io/library/many", "1") == content_of_image(images.both)


def test_prefetch_image_without_the_platform(yizhan, images):
    result = admin(yizhan, "prefetch", "--platform", "linux/s390x", "docker:many:1")
    assert result.status == 1
    assert "linux/s390x" in result.stderr and "linux/amd64, linux/arm64" in result.stderr
    assert images.asked_kind("blobs") == []


@pytest.mark.parametrize("options", [[], ["--platform", "linux/amd64"]], ids=["here", "named"])
def test_prefetch_image_of_an_index_that_names_no_platform(yizhan, images, make_skopeo, tmp_path, options):
    image = replace(images.amd64, platform={})
    images.add("library/nameless", make_index([image]), "1")
    ask(yizhan, "prefetch", *options, "docker:nameless:1")
    offline(yizhan, images)
    assert pull_all(yizhan, "library/nameless", image.digest) == content_of_image(image)
    make_skopeo().copy(f"docker://127.0.0.1:{yizhan.port}/library/nameless:1", f"dir:{tmp_path}/copied")


def test_prefetch_image_of_no_named_platform_is_for_another(yizhan, images):
    images.add("library/nameless", make_index([replace(images.arm64, platform={})]), "1")
    result = admin(yizhan, "prefetch", "--platform", "linux/amd64", "docker:nameless:1")
    assert result.status == 1
    assert "nameless:1 has no image for linux/amd64; it has linux/arm64" in result.stderr


def test_prefetch_unknown_image(yizhan):
    result = admin(yizhan, "prefetch", "docker:nothing:1")
    assert result.status == 1
    assert "nothing:1" in result.stderr
    assert result.stdout.rstrip().startswith("1 failed")


def test_prefetch_image_again_asks_for_nothing(yizhan, images):
    ask(yizhan, "prefetch", "--platform", "linux/amd64", "docker:many:1")
    before = len(images.asked_kind("blobs"))
    again = ask(yizhan, "prefetch", "--platform", "linux/amd64", "docker:many:1")
    assert len(images.asked_kind("blobs")) == before
    assert again.summary["fetched"] <= 1  # the tag may have been confirmed


# ---- command line ----


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "a list (-r, --images) or a name is missing"),
        (["--python", "4.x", "app"], "versions of Python"),
        (["--platform", "plan9", "app"], "platforms such as"),
        (["--platform", "linux//v8", "app"], "platforms such as"),
        (["--sdist", "sometimes", "app"], "never, fallback or always"),
        (["--versions", "0", "app"], "newest, all or a number"),
        (["--server", "ftp://host", "app"], "a URL such as"),
        (["--implementation", "jython", "app"], "cp or pp"),
        (["--python"], '"--python" wants a value'),
        (["--nonsense"], '"--nonsense" is unknown'),
        (["-xr"], '"-x" is unknown'),
        (["--quiet=yes"], "takes no value"),
    ],
)
def test_prefetch_bad_usage(served, arguments, said):
    result = admin(served, "prefetch", *arguments)
    assert result.status == 2
    assert said in result.stderr


def test_prefetch_at_a_server_by_url(served, dists, tmp_path):
    result = ask(served, "prefetch", "--server", f"http://127.0.0.1:{served.port}", *TARGET, "sample")
    assert files_of(result) == {dists[6].filename}


def test_prefetch_no_server_at_the_url(served):
    result = admin(served, "prefetch", "--server", "http://127.0.0.1:1", *TARGET, "sample")
    assert result.status == 1
    assert "127.0.0.1" in result.stderr


def test_prefetch_for_people(yizhan, dists):
    result = admin(yizhan, "prefetch", *TARGET, "app")
    assert result.status == 0
    assert dists[1].filename in result.stdout
    assert "3 fetched" in result.stdout.splitlines()[-1]
    quiet = admin(yizhan, "prefetch", "--quiet", *TARGET, "app")
    assert (quiet.status, quiet.stdout, quiet.stderr) == (0, "", "")


def test_prefetch_shows_others_fills_not_before_their_turn(make_yizhan, make_upstream):
    """What somebody else fetches of the list already has no bar before it has its turn."""
    names = [f"p{number:03}" for number in range(200)]
    dists = [make_wheel(name, "1.0", size=1000) for name in names]
    dists[-1] = make_wheel(names[-1], "1.0", size=500_000)
    upstream = make_upstream(Tree.tuna(dists))
    yizhan = make_yizhan(upstream)
    gate = threading.Event()
    last = upstream.tree.file_path(dists[-1])
    upstream.change(last, body_gate=gate, gate_after=100_000)
    other = Background(yizhan.get, last)
    wait_until(lambda: upstream.asked(last), "the other client's download")

    def go_on(request):
        gate.set()
        return upstream.mounted_answer(request)

    upstream.on(upstream.tree.file_path(dists[100]), go_on)
    try:
        status, shown = on_a_terminal(yizhan, "prefetch", *TARGET, *(f"pypi:{name}" for name in names))
    finally:
        gate.set()
    assert other.result().status == 200
    assert status == 0, shown


# ---- by the server itself ----


def schedule(yizhan, **keys):
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    yizhan.config.write_text(yizhan.config.read_text() + f'[prefetch "nightly"]\n{lines}')


def runs(yizhan):
    return yizhan.stderr.count("prefetch nightly: started")


def finished(yizhan):
    return [line for line in yizhan.stderr.splitlines() if "prefetch nightly:" in line and ("fetched" in line or "there already" in line)]


@pytest.fixture
def hourly(make_yizhan, upstream):
    """A server that prefetches every hour, and has done so once."""
    yizhan = make_yizhan(upstream, start=False)
    schedule(yizhan, name="pypi:app", python="3.11", platform="linux_x86_64", every="1h")
    yizhan.start()
    wait_until(lambda: len(finished(yizhan)) == 1, "the first run ends")
    return yizhan


def test_prefetch_by_the_server(hourly, upstream, dists):
    asked = len(upstream.asked())
    assert hourly.get(dists[1].path).body == dists[1].data
    assert len(upstream.asked()) == asked
    hourly.advance(3599)
    hourly.advance(2)
    wait_until(lambda: len(finished(hourly)) == 2, "the second run ends")
    assert runs(hourly) == 2


def test_prefetch_by_the_server_is_not_repeated_by_a_restart(hourly):
    hourly.restart()
    hourly.page("app")
    hourly.advance(3700)
    wait_until(lambda: len(finished(hourly)) == 2, "the second run ends")
    assert runs(hourly) == 2


def test_prefetch_by_the_server_after_the_clock_was_ahead(hourly):
    hourly.advance(-3000 * 86400)
    hourly.restart()

    def an_hour_later():
        hourly.advance(3700)
        return len(finished(hourly)) > 1

    wait_until(an_hour_later, "the second run ends")


def test_prefetch_by_the_server_that_started_before_the_clock_was_set(make_yizhan, upstream):
    """It has a time of day to wait for: not that of a day that is years ahead."""
    yizhan = make_yizhan(upstream, start=False)
    schedule(yizhan, name="pypi:app", python="3.11", platform="linux_x86_64", every="24h", at="03:00")
    yizhan.advance(30000 * 86400)
    yizhan.start()
    yizhan.advance(-30000 * 86400)

    def a_day_later():
        yizhan.advance(86400)
        return len(finished(yizhan)) > 0

    wait_until(a_day_later, "the first run ends")


def test_prefetch_by_the_server_does_not_wait_for_pipes(make_yizhan, upstream, tmp_path):
    """Nobody ever writes into it, and the server can be stopped all the same."""
    yizhan = make_yizhan(upstream, start=False)
    os.mkfifo(tmp_path / "list.txt")
    schedule(yizhan, list=tmp_path / "list.txt", python="3.11", platform="linux_x86_64", every="1h")
    yizhan.start()
    wait_until(lambda: "expected a file" in yizhan.stderr, "the server says what is wrong with its list")


def test_prefetch_by_the_server_is_ended_with_it(make_yizhan, upstream, dists):
    """In the middle of a file that never comes to its end."""
    upstream.change(dists[3].path, body_gate=threading.Event(), gate_after=1000)
    yizhan = make_yizhan(upstream, start=False)
    schedule(yizhan, name="pypi:app", python="3.11", platform="linux_x86_64", every="1h")
    yizhan.start()
    wait_until(lambda: upstream.asked(dists[3].path), "it is asked for")
    begun = time.monotonic()
    yizhan.stop()
    assert time.monotonic() - begun < PATIENCE_S / 2


@pytest.mark.parametrize(
    "keys, said",
    [
        ({"python": "3.11"}, "nothing to fetch"),
        ({"name": "pypi:app", "python": "x"}, "versions of Python"),
        ({"name": "pypi:app", "at": "25:00"}, "a time of day"),
        ({"name": "pypi:app", "sdist": "sometimes"}, "never, fallback or always"),
    ],
)
def test_prefetch_bad_sections(make_yizhan, upstream, keys, said):
    yizhan = make_yizhan(upstream, start=False)
    schedule(yizhan, **keys)
    result = admin(yizhan, "serve", "--check")
    assert result.status == 1
    assert said in result.stderr


# ---- and carried over ----


@pytest.mark.parametrize("options", [[], ["--no-deps"]], ids=["resolved", "alone"])
def test_prefetch_export_reads_metadata_out_of_wheels(yizhan, make_yizhan, dists, tmp_path, options):
    """The store has lost it, or never had it: nobody asked."""
    requirements = ["-r", write(tmp_path, "requirements.txt", "app==2.0\nlib==1.1\nleaf\n"), *TARGET, *options]
    ask(yizhan, "prefetch", *requirements)
    running = yizhan.running
    yizhan.stop()
    with sqlite3.connect(yizhan.store / "index.db", timeout=30) as database:
        gone = database.execute("DELETE FROM entry WHERE space = 'metadata'").rowcount
        database.execute("UPDATE state SET entries = entries - ?", (gone,))
    database.close()
    if running:
        yizhan.start()
    ask(yizhan, "export", "-o", tmp_path / "b.tar", *requirements)
    there = make_yizhan(server={"offline": "yes"}, pypi={}, start=False)
    ask(there, "import", tmp_path / "b.tar")
    there.start()
    for dist in (dists[1], dists[3], dists[4]):
        assert there.get(dist.path + ".metadata").body == dist.metadata


def test_prefetch_export_of_lists_is_imported_elsewhere(yizhan, make_yizhan, upstream, images, dists, venv, tmp_path):
    lists = ["-r", write(tmp_path, "requirements.txt", "app\nsample\n"), "--images", write(tmp_path, "images.txt", "many:1\n")]
    target = ["--python", HERE, "--platform", "linux_x86_64,linux/arm64"]
    too_early = admin(yizhan, "export", "-o", tmp_path / "b.tar", *lists, *target)
    assert too_early.status == 1
    assert not (tmp_path / "b.tar").exists()
    ask(yizhan, "prefetch", *lists, *target)
    ask(yizhan, "prefetch", *TARGET, "only-source")
    ask(yizhan, "export", "-o", tmp_path / "b.tar", *lists, *target)
    there = make_yizhan(registries={"docker.io": [images]}, server={"offline": "yes"}, pypi={}, start=False)
    ask(there, "import", tmp_path / "b.tar")
    offline(there, upstream, images)
    venv.pip("install", "-r", str(lists[1]), index=there.index)
    assert venv.version_of("app") == "2.0"
    assert pull_all(there, "library/many", images.arm64.digest) == content_of_image(images.arm64)
    assert there.manifest("library/many", "1").status == 200
    assert there.get(dists[8].path).status == 404


def test_prefetch_export_of_the_servers_list_has_pages_that_changed_since(make_yizhan, upstream, dists, tmp_path):
    """The list noted the page as it was; pip there needs one all the same."""
    yizhan = make_yizhan(upstream, start=False)
    schedule(yizhan, name="pypi:app", python="3.11", platform="linux_x86_64", every="300d")
    yizhan.start()
    wait_until(lambda: len(finished(yizhan)) == 1, "the run ends")
    upstream.mount(Tree.tuna([*dists, make_wheel("app", "3.0")]))
    yizhan.advance(86400)
    wait_until(lambda: b"app-3.0" in yizhan.get("/simple/app/").body, "the page is asked for anew")
    assert ask(yizhan, "show", "prefetch:nightly").of("list")[0]["missing"] == 0
    ask(yizhan, "export", "-o", tmp_path / "b.tar", "prefetch:nightly")
    there = make_yizhan(server={"offline": "yes"}, pypi={})
    ask(there, "import", tmp_path / "b.tar")
    for project, dist in (("app", dists[1]), ("lib", dists[3]), ("leaf", dists[4])):
        assert dist.filename.encode() in there.get(f"/simple/{project}/").body
        assert there.get(dist.path).body == dist.data


def test_prefetch_export_of_the_servers_list_names_what_is_gone_since(make_yizhan, upstream, dists, tmp_path):
    yizhan = make_yizhan(upstream, start=False)
    schedule(yizhan, name="pypi:app", python="3.11", platform="linux_x86_64", every="300d")
    yizhan.start()
    wait_until(lambda: len(finished(yizhan)) == 1, "the run ends")
    ask(yizhan, "purge", "pypi:lib")
    result = admin(yizhan, "export", "-o", tmp_path / "b.tar", "prefetch:nightly")
    assert result.status == 1 and not (tmp_path / "b.tar").exists()
    assert "prefetch:nightly needs" in result.stderr and "lib" in result.stderr
    assert "run `yizhan prefetch`" in result.stderr
    (shown,) = ask(yizhan, "show", "prefetch:nightly").of("list")
    assert shown["missing"] > 0
    ask(yizhan, "prefetch", *TARGET, "pypi:app")
    assert ask(yizhan, "show", "prefetch:nightly").of("list")[0]["missing"] == 0
    ask(yizhan, "export", "-o", tmp_path / "b.tar", "prefetch:nightly")


def test_prefetch_export_of_the_servers_list_has_tags_that_moved_since(make_yizhan, images, tmp_path):
    """A client has had the tag confirmed, and pulled what it is now."""
    yizhan = make_yizhan(registries={"docker.io": [images]}, start=False)
    schedule(yizhan, name="docker:many:1", platform="linux/amd64", every="300d")
    yizhan.start()
    wait_until(lambda: len(finished(yizhan)) == 1, "the run ends")
    moved = images.add("library/many", make_image([layer({"a": noise(70000, "moved")})]), "1")
    yizhan.advance(86400)
    wait_until(lambda: yizhan.manifest("library/many", "1").body == moved.manifest.body, "the tag is asked for anew")
    for blob in moved.blobs:
        assert yizhan.blob("library/many", blob.digest).body == blob.body
    yizhan.wait_idle()
    ask(yizhan, "export", "-o", tmp_path / "b.tar", "prefetch:nightly")
    there = make_yizhan(server={"offline": "yes"}, registries={"docker.io": [images]})
    ask(there, "import", tmp_path / "b.tar")
    assert there.manifest("library/many", "1").body == moved.manifest.body
    for blob in moved.blobs:
        assert there.blob("library/many", blob.digest).body == blob.body
    assert there.manifest("library/many", images.amd64.digest).body == images.amd64.manifest.body


def bundle_of(yizhan, tmp_path, dists, *names):
    ask(yizhan, "prefetch", *TARGET, "--no-deps", *names)
    ask(yizhan, "export", "-o", tmp_path / "b.tar", *[f"pypi:{name}" for name in names])
    return tmp_path / "b.tar"


def many_for_a_small_one(make_yizhan, make_upstream):
    """A server whose store has room for three of these wheels, and the list that gets those that were sent.

    The next one is sent when prefetch has seen that the one before is kept, and a second later. What was used in the
    same second has no order: the store may evict what came last, and prefetch rightly says that it was not kept."""
    many = [make_wheel(f"many-{number}", "1.0", size=300000) for number in range(8)]
    upstream = make_upstream(Tree.tuna(many))
    small = make_yizhan(upstream, storage={"max_size": "1M"}, each={"connections": 1})
    sent = []

    def seen_kept(dist):
        return f'"HEAD {dist.path} HTTP/1.1" 200 ' in (small.folder / "access.log").read_text()

    def in_turn(dist):
        def answer(request):
            wait_until(lambda: not sent or seen_kept(sent[-1]), "the one before is kept, and prefetch knows")
            sent.append(dist)
            small.advance(1)
            return upstream.mounted_answer(request)

        return answer

    for dist in many:
        upstream.on(upstream.tree.file_path(dist), in_turn(dist))
    return many, small, sent


def test_prefetch_tells_what_was_evicted_for_what_came_after_it(make_yizhan, make_upstream):
    """Each was kept when it came; together they are too much."""
    many, small, sent = many_for_a_small_one(make_yizhan, make_upstream)
    result = admin(small, "prefetch", *TARGET, "--json", *[dist.project for dist in many])
    held = [dist for dist in many if small.blob_path(dist.sha256).exists()]
    assert len(sent) == len(many) and held == [dist for dist in many if dist in sent[-3:]]
    assert result.status == 1
    assert result.summary["fetched"] == len(held)
    assert result.summary["failed"] == len(many) - len(held)
    assert result.stderr.count("was evicted for later items: max_size is too small") == len(many) - len(held)


def in_front_of(yizhan, upstream, change):
    """Passes requests on to the Yizhan, and its answers on as `change` makes them."""

    def answer(request):
        asked = {name: value for name, value in request.headers if name in ("cache-control", "accept", "range")}
        response = client.fetch(yizhan.port, request.target, request.method, asked)
        kept = tuple((name, value) for name, value in response.headers if name in ("cache-status", "content-range"))
        return change(
            request,
            Answer(
                response.status,
                response.body,
                response.media_type,
                headers=kept,
                length=response.length,
                validators=False,
                ranges=False,
            ),
        )

    upstream.on_everything(answer)
    return upstream.url


def as_version_1(request, answer):
    """What a Yizhan said that had no version in /fills, and no evictions in Cache-Status."""
    if request.path == "/fills":
        return Answer(200, b'{"fills": [{"what": "file:/packages/a", "bytes": 1}]}', "application/json")
    return replace(answer, headers=tuple(pair for pair in answer.headers if "evicted" not in pair[1]))


def test_prefetch_from_an_older_server_tells_what_did_not_stay(make_yizhan, make_upstream):
    many, small, _ = many_for_a_small_one(make_yizhan, make_upstream)
    url = in_front_of(small, make_upstream(), as_version_1)
    result = admin(small, "prefetch", "--server", url, *TARGET, "--json", *[dist.project for dist in many])
    assert result.status == 1
    # Such a server does not say that evictions are still to come: perhaps not all that will go have gone.
    assert result.summary["failed"] >= 1
    assert result.summary["fetched"] + result.summary["failed"] == len(many)
    assert "max_size is too small" in result.stderr
    assert "/fills" not in result.stderr  # nobody looks at progress


def test_prefetch_shows_no_progress_of_a_version_it_does_not_know(make_yizhan, make_upstream):
    wheel = make_wheel("sample", "1.0", size=300000)
    there = make_yizhan(make_upstream(Tree.tuna([wheel])))
    url = in_front_of(there, make_upstream(), as_version_1)
    status, shown = on_a_terminal(there, "prefetch", "--server", url, *TARGET, "pypi:sample")
    assert status == 0, shown
    assert shown.count("the server's /fills has version 1, which this yizhan does not know") == 1


def test_prefetch_looks_at_all_items_in_the_end_even_if_progress_comes_late(make_yizhan, make_upstream):
    """The answer about progress is still to come when the last item is there."""
    wheel = make_wheel("sample", "1.0", size=300000)
    there = make_yizhan(make_upstream(Tree.tuna([wheel])))
    held = []

    def with_late_progress(request, answer):
        if request.path == "/fills":
            wait_until(lambda: held, "the wheel, as held")
            time.sleep(0.3)
        elif request.method == "HEAD" and answer.status == 200:
            held.append(request.path)
        return answer

    url = in_front_of(there, make_upstream(), with_late_progress)
    status, shown = on_a_terminal(there, "prefetch", "--server", url, *TARGET, "pypi:sample")
    assert status == 0, shown
    assert len(held) == 2  # when it has come, and in the end


def test_prefetch_import_refuses_what_the_disk_cannot_hold(served, make_yizhan, dists, tmp_path):
    bundle = bundle_of(served, tmp_path, dists, "lib")
    small = tmp_path / "small"
    there = make_yizhan(wrapper=on_tmpfs(small, "size=200k"), storage={"path": small / "store"}, server={"offline": "yes"})
    inside = ["nsenter", "-t", str(there.process.pid), "-m", "--wd=" + str(there.folder)]
    done = subprocess.run([*inside, *command(there, "import", bundle)], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1
    assert "no room" in done.stderr
    assert there.metric("store_blobs") == 0


# The last commits of blobs and the names themselves meet the end of the disk somewhere between seven and nine MB.
@pytest.mark.parametrize("kib", [5000, *range(7000, 8800, 300)])
def test_prefetch_import_brings_all_or_nothing_where_the_disk_fills(make_yizhan, tmp_path, kib):
    """Small files take more room than they have bytes, and the index grows beside them: the disk is full in the middle."""
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        dist = make_wheel(f"many-{number}", "1.0")
        (many / dist.filename).write_bytes(dist.data)
    small = tmp_path / "small"
    there = make_yizhan(wrapper=on_tmpfs(small, f"size={kib}k"), storage={"path": small / "store"}, server={"offline": "yes"})
    inside = ["nsenter", "-t", str(there.process.pid), "-m", "--wd=" + str(there.folder)]

    def run(*arguments):
        return subprocess.run([*inside, *command(there, *arguments)], capture_output=True, text=True, timeout=PATIENCE_S)

    result = run("import", many)
    if result.returncode == 0 and kib > 5000:
        assert there.metric("store_blobs") == 900
    else:
        assert result.returncode == 1
        assert "no room" in result.stderr
        assert there.metric("store_blobs") == 0
        assert not run("ls").stdout
    assert run("verify").returncode == 0


def test_prefetch_import_does_not_evict_its_own_parts(served, make_yizhan, dists, tmp_path):
    bundle = bundle_of(served, tmp_path, dists, "lib", "leaf", "sample")
    whole = sum(len(dists[i].data) for i in (3, 4, 6))
    there = make_yizhan(storage={"max_size": "1M"}, server={"offline": "yes"})
    assert whole < 1 << 20
    for _ in range(2):
        ask(there, "import", bundle)
    for i in (3, 4, 6):
        assert there.get(dists[i].path).body == dists[i].data


def test_prefetch_import_with_few_descriptors(served, make_yizhan, make_upstream, tmp_path):
    many = [make_wheel(f"many-{number}", "1.0") for number in range(300)]
    source = make_yizhan(make_upstream(Tree.tuna(many)))
    ask(source, "prefetch", *TARGET, *[dist.project for dist in many])
    ask(source, "export", "-o", tmp_path / "many.tar", "--all")
    there = make_yizhan(server={"offline": "yes"}, start=False)
    few = ["sh", "-c", 'ulimit -n 200 && exec "$@"', "sh", *command(there, "import", tmp_path / "many.tar")]
    done = subprocess.run(few, capture_output=True, text=True, timeout=PATIENCE_S, env=there.environment, cwd=there.folder)
    assert done.returncode == 0, done.stderr
    there.start()
    assert all(there.get(dist.path).body == dist.data for dist in many[::50])
