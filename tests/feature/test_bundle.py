"""yizhan export on one store and yizhan import in another that has no network: pip, skopeo and dockerd are served from
there."""

import hashlib
import os
import subprocess
import tarfile
import time

import pytest
from lib.admin import admin, ask, command
from lib.bundles import blob_name, export, load, names_held, names_in, read_bundle, refused, snapshot
from lib.images import layer, make_image, noise
from lib.packages import make_wheel
from lib.registry_api import content_of_image, pull_all
from lib.tree import Tree
from lib.wait import PATIENCE_S

TARGET = ["--python", "3.11", "--platform", "linux_x86_64"]
NOWHERE = {"docker.io": ["http://127.0.0.1:9"]}
DAY_S = 86400


@pytest.fixture
def dists():
    return [
        make_wheel("app", "1.0", requires=["dep>=1"]),
        make_wheel("app", "2.0", requires=["dep>=1"]),
        make_wheel("dep", "1.4", size=100000),
        make_wheel("other", "5.0", size=3 << 20),
    ]


@pytest.fixture
def upstream(make_upstream, dists):
    return make_upstream(Tree.tuna(dists))


@pytest.fixture
def registry(make_registry):
    return make_registry()


@pytest.fixture
def hello(registry, make_hello):
    return registry.add("library/hello", make_hello("hello from far away"), "1.0")


@pytest.fixture
def single(registry):
    return registry.add("owner/single", make_image([layer({"s": noise(1000, "s")})]), "1")


@pytest.fixture
def source(make_yizhan, upstream, registry, hello, single):
    """A server that holds everything."""
    yizhan = make_yizhan(upstream, registries={"docker.io": [registry]})
    names = ["pypi:app", "pypi:dep", "pypi:other", "docker:hello:1.0", "docker:owner/single:1"]
    ask(yizhan, "prefetch", *names, "--versions", "all", *TARGET)
    return yizhan


@pytest.fixture(params=["server", "alone"])
def by(request):
    """Who does the work."""
    return request.param


@pytest.fixture
def target(make_yizhan, by):
    """An empty store without any network."""
    return make_yizhan(server={"offline": "yes"}, registries=NOWHERE, start=by == "server")


@pytest.fixture
def docker(dockerd):
    yield dockerd
    for name in dockerd.names():
        dockerd.remove(name)


def served(yizhan):
    return yizhan if yizhan.running else yizhan.start()


def assert_whole(yizhan):
    """Bytes, and names: each that needs a blob has it."""
    yizhan.assert_blobs_whole()
    assert ask(yizhan, "verify", "--rate", "0").summary["faults"] == 0


# ---- there, and nowhere else ----


def test_bundle_all_serves_pip_and_skopeo(source, target, upstream, registry, dists, hello, venv, make_skopeo, tmp_path):
    bundle = export(source, tmp_path / "all.tar", "--all")
    source.stop(), upstream.stop(), registry.stop()
    summary = load(target, bundle)
    head, blobs, entries = read_bundle(bundle)
    assert (summary["blobs"], summary["bytes"]) == (head["blobs"], head["bytes"])
    assert (summary["held"], summary["entries"], summary["entries_kept"]) == (0, len(entries), 0)
    assert target.blob_rows() == blobs
    served(target)
    venv.pip("install", "app", "other", index=target.index)
    assert [venv.version_of(module) for module in ("app", "dep", "other")] == ["2.0", "1.4", "5.0"]
    for dist in dists:
        assert target.get(dist.path).body == dist.data
    assert pull_all(target, "library/hello", "1.0") == content_of_image(hello)
    skopeo = make_skopeo({"docker.io": f"127.0.0.1:{target.port}"})
    fetched = skopeo.fetch_all("docker://docker.io/library/hello:1.0")
    assert fetched["manifest.json"] == hello.manifest.body
    assert {blob.body for blob in hello.blobs} <= set(fetched.values())
    assert_whole(target)


def test_bundle_image_runs_in_dockerd(source, target, registry, hello, docker, tmp_path):
    bundle = export(source, tmp_path / "hello.tar.zst", "docker:hello:1.0")
    source.stop(), registry.stop()
    load(target, bundle)
    docker.use_mirrors(served(target).url)
    docker.pull("hello:1.0")
    assert docker.run("hello:1.0").startswith("hello from far away")


def test_bundle_export_is_the_same_with_and_without_server(source, tmp_path):
    running = read_bundle(export(source, tmp_path / "running.tar", "--all"))
    source.stop()
    alone = read_bundle(export(source, tmp_path / "alone.tar", "--all"))
    assert running[1:] == alone[1:]
    assert running[1] == source.blob_rows()
    assert list(tmp_path.glob("*.part")) == []


def test_bundle_twice_changes_nothing(source, target, tmp_path):
    bundle = export(source, tmp_path / "all.tar", "--all")
    first = load(target, bundle)
    before = snapshot(target)
    again = load(target, bundle)
    assert (again["blobs"], again["held"], again["entries"]) == (0, first["blobs"], first["entries"])
    assert snapshot(target) == before


def test_bundle_goes_on_to_a_third_store(source, target, make_yizhan, tmp_path):
    load(target, export(source, tmp_path / "first.tar", "--all"))
    second = export(target, tmp_path / "second.tar", "--all")
    assert read_bundle(second)[1:] == read_bundle(tmp_path / "first.tar")[1:]
    third = make_yizhan(server={"offline": "yes"}, registries=NOWHERE, start=False)
    load(third, second)
    assert third.blob_rows() == source.blob_rows()


# ---- other programs ----


def test_bundle_is_a_tar_to_python(source, tmp_path):
    bundle = export(source, tmp_path / "all.tar", "--all")
    with tarfile.open(bundle, "r:") as tar:
        tar.extractall(tmp_path / "out")
    for sha256, size in source.blob_rows().items():
        data = (tmp_path / "out" / blob_name(sha256)).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, sha256)


def test_bundle_compressed_is_zstd_to_zstd(source, target, tmp_path):
    packed = export(source, tmp_path / "all.tar.zst", "--all")
    subprocess.run(["zstd", "-q", "-t", packed], check=True, timeout=PATIENCE_S)
    subprocess.run(["zstd", "-q", "-d", packed, "-o", tmp_path / "all.tar"], check=True, timeout=PATIENCE_S)
    assert read_bundle(tmp_path / "all.tar")[1] == source.blob_rows()
    assert load(target, packed)["blobs"] == len(source.blob_rows())
    assert load(target, tmp_path / "all.tar")["blobs"] == 0


def test_bundle_compressed_by_option(source, tmp_path):
    export(source, tmp_path / "bundle", "--all", "--zstd")
    assert (tmp_path / "bundle").read_bytes()[:4] == b"\x28\xb5\x2f\xfd"


# ---- what is in it ----


def test_bundle_of_names(source, target, venv, tmp_path, dists, hello):
    bundle = export(source, tmp_path / "some.tar", "pypi:app==1.0", "pypi:dep", "docker:hello:1.0")
    load(target, bundle)
    served(target)
    venv.pip("install", "app==1.0", index=target.index)
    assert (venv.version_of("app"), venv.version_of("dep")) == ("1.0", "1.4")
    assert pull_all(target, "library/hello", "1.0") == content_of_image(hello)
    keys = {key for _, key in names_in(bundle)}
    assert not any("app-2.0" in key or "other" in key or "single" in key for key in keys)


def test_bundle_of_requirements(source, target, venv, tmp_path):
    (tmp_path / "requirements.txt").write_text("app<2\n")
    bundle = tmp_path / "app.tar"
    export(source, bundle, "-r", tmp_path / "requirements.txt", *TARGET)
    load(target, bundle)
    venv.pip("install", "-r", tmp_path / "requirements.txt", index=served(target).index)
    assert (venv.version_of("app"), venv.version_of("dep")) == ("1.0", "1.4")
    files = {key.rpartition("/")[2] for space, key in names_in(bundle) if space == "file"}
    assert files == {"app-1.0-py3-none-any.whl", "dep-1.4-py3-none-any.whl"}


def test_bundle_of_images(source, target, hello, tmp_path):
    (tmp_path / "images.txt").write_text("hello:1.0\n")
    bundle = export(source, tmp_path / "images.tar", "--images", tmp_path / "images.txt")
    load(target, bundle)
    assert pull_all(served(target), "library/hello", "1.0") == content_of_image(hello)
    assert not any("single" in key or "/packages/" in key for _, key in names_in(bundle))


@pytest.mark.parametrize("name", ["pypi:missing", "docker:missing:1", "pypi:app==9.9"])
def test_bundle_of_what_is_not_held_refused(source, name, by, tmp_path):
    if by == "alone":
        source.stop()
    result = admin(source, "export", "-o", tmp_path / "x.tar", name, "pypi:dep")
    assert result.status == 1
    assert name in result.stderr and len(result.stderr.splitlines()) == 1
    assert list(tmp_path.glob("x.tar*")) == []


def test_bundle_of_a_list_that_is_not_held_refused(source, tmp_path):
    (tmp_path / "requirements.txt").write_text("app\nmissing\n")
    result = admin(source, "export", "-o", tmp_path / "x.tar", "-r", tmp_path / "requirements.txt", *TARGET)
    assert result.status == 1
    assert "missing" in result.stderr and "first `yizhan prefetch` with the same lists" in result.stderr
    assert list(tmp_path.glob("x.tar*")) == []


def test_bundle_of_an_empty_store_refused(target, tmp_path):
    result = admin(served(target), "export", "-o", tmp_path / "x.tar", "--all")
    assert result.status == 1
    assert "nothing" in result.stderr
    assert list(tmp_path.glob("x.tar*")) == []


def test_bundle_with_a_lost_blob_names_it(source, dists, tmp_path):
    source.stop()
    lost = source.blob_path(dists[3].sha256)
    lost.write_bytes(lost.read_bytes()[:-1])
    result = admin(source, "export", "-o", tmp_path / "x.tar", "--all")
    assert result.status == 1
    assert dists[3].sha256 in result.stderr and "verify --repair" in result.stderr
    assert list(tmp_path.glob("x.tar*")) == []


def test_bundle_of_all_counts_what_is_not_held(source, dists, tmp_path):
    source.stop()
    source.blob_path(dists[3].sha256).unlink()
    result = admin(source, "export", "-o", tmp_path / "x.tar", "--all")
    assert result.status == 0, result.stderr
    assert "; left out: 1 name whose bytes" in result.stdout
    assert dists[3].sha256 not in read_bundle(tmp_path / "x.tar")[1]


# ---- what came since ----


@pytest.fixture
def grown(source, upstream, tmp_path):
    """grown(name): a wheel more in the source, a day and more later; returned."""

    def grow(name):
        dist = make_wheel(name, "1.0", size=50000)
        upstream.mount(Tree.tuna([dist]))
        source.advance(2 * DAY_S)
        ask(source, "prefetch", f"pypi:{name}", *TARGET)
        return dist

    return grow


def test_bundle_since_another(source, grown, target, tmp_path):
    first = export(source, tmp_path / "first.tar", "--all")
    new = grown("new")
    second = export(source, tmp_path / "second.tar", "--all", "--since", first)
    first_blobs, second_blobs = read_bundle(first)[1], read_bundle(second)[1]
    assert not first_blobs.keys() & second_blobs.keys()
    assert {**first_blobs, **second_blobs} == source.blob_rows()

    before = snapshot(target) if target.running else None
    assert "builds on another bundle" in refused(target, second)
    if before:
        assert snapshot(target) == before
    load(target, first)
    load(target, second)
    assert target.blob_rows() == source.blob_rows()
    assert served(target).get(new.path).body == new.data
    assert_whole(target)


def test_bundle_since_one_that_is_incremental(source, grown, target, tmp_path):
    first = export(source, tmp_path / "first.tar", "--all")
    grown("new")
    second = export(source, tmp_path / "second.tar", "--all", "--since", first)
    newest = grown("newest")
    third = export(source, tmp_path / "third.tar", "--all", "--since", second)
    blobs = read_bundle(third)[1]
    assert newest.sha256 in blobs
    assert not blobs.keys() & (read_bundle(first)[1].keys() | read_bundle(second)[1].keys())
    for bundle in (first, second, third):
        load(target, bundle)
    assert target.blob_rows() == source.blob_rows()


def test_bundle_since_a_date(source, grown, tmp_path):
    new = grown("new")
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + DAY_S))
    for since in ("1d", day, f"{day}T00:00"):
        blobs = read_bundle(export(source, tmp_path / "since.tar", "--all", "--since", since))[1]
        assert new.sha256 in blobs
        assert blobs.keys() < source.blob_rows().keys()
    assert read_bundle(export(source, tmp_path / "old.tar", "--all", "--since", "30d"))[1] == source.blob_rows()


def test_bundle_since_a_compressed_or_split_one(source, grown, tmp_path):
    export(source, tmp_path / "first.tar.zst", "--all")
    export(source, tmp_path / "pieces.tar", "--all", "--split", "1M")
    new = grown("new")
    for since in ("first.tar.zst", "pieces.tar.001", "pieces.tar"):
        blobs = read_bundle(export(source, tmp_path / "second.tar", "--all", "--since", tmp_path / since))[1]
        assert new.sha256 in blobs and len(blobs) < len(source.blob_rows())


@pytest.mark.parametrize("since", ["yesterday", "missing.tar", "2026-13-01"])
def test_bundle_since_nonsense_is_bad_usage(source, since, tmp_path):
    result = admin(source, "export", "-o", tmp_path / "x.tar", "--all", "--since", since)
    assert result.status == 2
    assert since in result.stderr
    assert list(tmp_path.glob("x.tar*")) == []


# ---- names that are there ----


def test_bundle_older_name_does_not_replace_a_newer(source, make_yizhan, make_registry, make_hello, by, tmp_path):
    old = source.manifest("library/hello", "1.0").body
    bundle = export(source, tmp_path / "old.tar", "docker:hello:1.0")
    newer = make_registry()
    image = newer.add("library/hello", make_hello("newer"), "1.0")
    target = make_yizhan(registries={"docker.io": [newer]})
    target.advance(DAY_S)
    assert pull_all(target, "library/hello", "1.0") == content_of_image(image)
    target.wait_idle()
    newer.stop()
    if by == "alone":
        target.stop()
    assert load(target, bundle)["entries_kept"] >= 1
    assert pull_all(served(target), "library/hello", "1.0") == content_of_image(image)
    # The older manifest came along, and is there under its digest.
    assert target.manifest("library/hello", "sha256:" + hashlib.sha256(old).hexdigest()).body == old


def test_bundle_newer_name_replaces_an_older(source, hello, make_yizhan, make_registry, make_hello, by, tmp_path):
    older = make_registry()
    older.add("library/hello", make_hello("older"), "1.0")
    target = make_yizhan(registries={"docker.io": [older]})
    pull_all(target, "library/hello", "1.0")
    target.wait_idle()
    older.stop()
    source.advance(DAY_S)
    ask(source, "prefetch", "docker:hello:1.0", *TARGET)
    bundle = export(source, tmp_path / "new.tar", "docker:hello:1.0")
    if by == "alone":
        target.stop()
    assert load(target, bundle)["entries_kept"] <= 1  # the layer that both images have may be known for less long there
    # The server forgets what it kept in memory.
    assert pull_all(served(target), "library/hello", "1.0") == content_of_image(hello)


def test_bundle_from_a_clock_ahead_is_not_fresh_for_years(source, target, tmp_path):
    source.advance(3650 * DAY_S)
    ask(source, "prefetch", "docker:hello:1.0", *TARGET)
    load(target, export(source, tmp_path / "ahead.tar", "docker:hello:1.0"))
    ((latest,),) = target.index_rows("SELECT max(confirmed_at) FROM entry")
    assert latest <= time.time()


# ---- pieces ----


def test_bundle_in_pieces(source, target, tmp_path):
    bundle = tmp_path / "all.tar"
    export(source, bundle, "--all", "--split", "1M")
    pieces = sorted(tmp_path.glob("all.tar*"))
    assert [piece.name for piece in pieces] == [f"all.tar.{number:03d}" for number in range(1, len(pieces) + 1)]
    assert len(pieces) >= 4 and {piece.stat().st_size for piece in pieces[:-1]} == {1 << 20}
    whole = tmp_path / "whole.tar"
    whole.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    assert read_bundle(whole)[1] == source.blob_rows()
    load(target, pieces[0])
    assert target.blob_rows() == source.blob_rows()
    # By the name of the whole, and all of them as a shell expands it.
    assert load(target, bundle)["blobs"] == 0
    assert load(target, *pieces)["blobs"] == 0


def test_bundle_in_pieces_without_one_refused(source, target, tmp_path):
    export(source, tmp_path / "all.tar", "--all", "--split", "1M")
    (tmp_path / "all.tar.002").unlink()
    before = snapshot(served(target))
    said = refused(target, tmp_path / "all.tar")
    assert "cut off" in said and "there is no" in said and "all.tar.002" in said
    assert snapshot(target) == before
    (tmp_path / "all.tar.001").unlink()
    assert "all.tar.001" in refused(target, tmp_path / "all.tar.001")


def test_bundle_in_pieces_of_which_one_cannot_be_read(source, target, tmp_path):
    """As on a medium that is broken: it is named, and none that would be missing behind the last."""
    export(source, tmp_path / "b.tar", "--all", "--split", "1M")
    before = snapshot(served(target))
    (tmp_path / "b.tar.002").unlink()
    (tmp_path / "b.tar.002").mkdir()
    message = refused(target, tmp_path / "b.tar.001")
    assert "cannot read" in message and "b.tar.002" in message
    assert snapshot(target) == before


def test_bundle_in_pieces_of_which_one_is_no_file(source, target, tmp_path):
    export(source, tmp_path / "b.tar", "--all", "--split", "1M")
    (tmp_path / "b.tar.002").unlink()
    os.mkfifo(tmp_path / "b.tar.002")
    assert "b.tar.002: it is not a file" in refused(target, tmp_path / "b.tar")


def test_bundle_in_pieces_of_which_one_is_short(source, target, tmp_path):
    export(source, tmp_path / "b.tar", "--all", "--split", "1M")
    os.truncate(tmp_path / "b.tar.002", 1000)
    before = snapshot(served(target))
    assert "b.tar.002 is not as long as" in refused(target, tmp_path / "b.tar")
    assert snapshot(target) == before


def test_bundle_in_fewer_pieces_than_before(source, target, tmp_path):
    bundle = tmp_path / "x.tar"
    export(source, bundle, "--all", "--split", "1M")
    export(source, bundle, "pypi:dep", "--split", "1M")
    assert [path.name for path in tmp_path.glob("x.tar*")] == ["x.tar.001"]
    load(target, bundle)


# ---- pipes ----


@pytest.mark.parametrize("options", [[], ["--zstd"]])
def test_bundle_through_a_pipe(source, target, options):
    sender = subprocess.Popen(
        command(source, "export", "-o", "-", "--all", *options),
        stdout=subprocess.PIPE,
        env=source.environment,
        cwd=source.folder,
    )
    taker = subprocess.run(
        command(target, "import", "-"),
        stdin=sender.stdout,
        env=target.environment,
        cwd=target.folder,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    sender.stdout.close()
    assert (sender.wait(PATIENCE_S), taker.returncode) == (0, 0), taker.stderr
    assert target.blob_rows() == source.blob_rows()
    assert names_held(target) == names_held(source)


def test_bundle_that_nobody_reads_is_an_error(source, by):
    if by == "alone":
        source.stop()
    sender = subprocess.Popen(
        command(source, "export", "-o", "-", "--all"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=source.environment,
        cwd=source.folder,
        text=True,
    )
    sender.stdout.buffer.read(100)
    sender.stdout.close()
    assert "the reader of the bundle is gone" in sender.stderr.read()
    assert sender.wait(PATIENCE_S) == 1
    sender.stderr.close()


def test_bundle_onto_a_full_disk_is_an_error(source, by):
    if by == "alone":
        source.stop()
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command(source, "export", "-o", "-", "--all"),
            stdout=full,
            stderr=subprocess.PIPE,
            env=source.environment,
            cwd=source.folder,
            text=True,
            timeout=PATIENCE_S,
        )
    assert done.returncode == 1
    assert "is full" in done.stderr


def test_bundle_that_is_too_large_for_a_file_is_an_error(source, tmp_path):
    """As on FAT32, but for less."""
    source.stop()
    done = subprocess.run(
        ["prlimit", "--fsize=100000", *command(source, "export", "-o", tmp_path / "all.tar", "--all")],
        env=source.environment,
        cwd=source.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert "--split" in done.stderr
    assert not list(tmp_path.glob("all.tar*"))
