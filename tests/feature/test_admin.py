"""Looking after a store: stats, ls, show, purge, gc, verify; by the running server, and on a store that nobody serves."""

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from contextlib import ExitStack

import pytest
from lib.admin import admin, ask, command
from lib.images import digest_of, layer, make_image, noise
from lib.packages import make_sdist, make_wheel
from lib.registry_api import content_of_image, pull_all
from lib.tree import Tree
from lib.wait import wait_until
from lib.yizhan import StartFailed, run

MB = 1 << 20
BASE = layer({"base": noise(MB, "base")})
COMMANDS = ["stats", "ls", "show", "purge", "gc", "verify"]


def set_storage(yizhan, **keys):
    """Changes keys of [storage]; a running server takes them into force."""
    lines = "".join(f"{key} = {item}\n" for key, value in keys.items() for item in ([value] if isinstance(value, str) else value))
    yizhan.config.write_text(yizhan.config.read_text().replace("[storage]\n", f"[storage]\n{lines}", 1))
    if yizhan.running:
        yizhan.reload()


@pytest.fixture
def images(make_registry):
    """Two tags of nginx that share a layer, and another image with that layer."""

    def make(name, size):
        return make_image([BASE, layer({name: noise(size, name)})])

    registry = make_registry()
    registry.old = registry.add("library/nginx", make("old", 150000), "1.26")
    registry.new = registry.add("library/nginx", make("new", 210000), "1.27", "latest")
    registry.other = registry.add("owner/app", make("app", 30000), "1")
    return registry


def pull(yizhan, repository, image, tag):
    assert pull_all(yizhan, f"docker.io/{repository}", tag) == content_of_image(image)
    yizhan.wait_idle()


def bodies(image):
    return [blob.body for blob in image.blobs]


@pytest.fixture
def dists():
    return [
        make_wheel("sample", "1.0", size=200000),
        make_wheel("sample", "1.1", size=300000),
        make_sdist("sample", "1.1"),
        make_wheel("other", "2.0", size=100000),
    ]


@pytest.fixture
def filled(make_yizhan, make_upstream, images, dists):
    """A running server with all of them in its store."""
    yizhan = make_yizhan(make_upstream(Tree.tuna(dists)), registries={"docker.io": [images]})
    for project in ("sample", "other"):
        yizhan.page(project)
        yizhan.get(f"/pypi/{project}/json")
    for dist in dists:
        assert yizhan.get(dist.path).body == dist.data
    pull(yizhan, "library/nginx", images.old, "1.26")
    pull(yizhan, "library/nginx", images.new, "1.27")
    pull(yizhan, "owner/app", images.other, "1")
    return yizhan


@pytest.fixture(params=["server", "alone"])
def keeper(request, filled):
    """The filled store, served or not."""
    if request.param == "alone":
        filled.stop()
    return filled


def sentence(result):
    """What a command that failed says."""
    assert result.status == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


# ---- stats ----


def test_admin_stats(keeper, dists):
    misses = keeper.metrics_at_rest()["misses_total"] if keeper.running else None
    (stats,) = ask(keeper, "stats").objects
    rows = keeper.blob_rows()
    assert stats["store"]["blobs"] == len(rows)
    assert stats["store"]["bytes"] == sum(rows.values())
    assert stats["store"]["spaces"]["file"]["blobs"] == len(dists)
    assert stats["store"]["spaces"]["file"]["bytes"] == sum(len(dist.data) for dist in dists)
    assert [(top["name"], top["blobs"]) for top in stats["projects"]] == [("sample", 3), ("other", 1)]
    # The layer that both tags have is one blob.
    assert [(top["name"], top["blobs"]) for top in stats["images"]] == [
        ("docker.io/library/nginx", 5),
        ("docker.io/owner/app", 3),
    ]
    if keeper.running:
        assert stats["server"]["misses"] == misses > 0
        assert [upstream["healthy"] for upstream in stats["upstreams"]] == [True, True]
        assert stats["server"]["address"] == f"127.0.0.1:{keeper.port}"
    else:
        assert stats["server"] is None and stats["upstreams"] is None


def test_admin_stats_saved(filled, dists):
    before = ask(filled, "stats").objects[0]["server"]
    for _ in range(3):
        filled.get(dists[0].path)
    after = wait_until(
        lambda: (now := ask(filled, "stats").objects[0]["server"])["hits"] == before["hits"] + 3 and now, "three hits"
    )
    assert after["saved_bytes"] - before["saved_bytes"] >= 3 * len(dists[0].data)


def test_admin_stats_for_people(keeper):
    result = admin(keeper, "stats")
    assert result.status == 0
    assert "docker.io/library/nginx" in result.stdout and "sample" in result.stdout
    assert ("No server runs" in result.stdout) == (not keeper.running)


# ---- ls ----


def test_admin_ls(keeper, dists):
    listed = {found["name"]: found for found in ask(keeper, "ls").objects}
    assert sorted(listed) == ["docker.io/library/nginx", "docker.io/owner/app", "other", "sample"]
    assert listed["sample"]["type"] == "project" and listed["sample"]["files"] == 3
    assert listed["sample"]["bytes"] == sum(len(dist.data) for dist in dists[:3])
    assert listed["docker.io/library/nginx"]["type"] == "image"
    assert listed["docker.io/library/nginx"]["tags"] == 2


@pytest.mark.parametrize("which, kinds", [("pypi", {"project"}), ("docker", {"image"}), ("all", {"project", "image"})])
def test_admin_ls_of_a_kind(filled, which, kinds):
    assert {found["type"] for found in ask(filled, "ls", which).objects} == kinds


def test_admin_ls_columns(filled):
    head, *rows = admin(filled, "ls", "pypi").stdout.splitlines()
    assert head.split()[0] == "NAME"
    assert [row.split()[0] for row in rows] == ["pypi:other", "pypi:sample"]
    assert len({len(row) for row in [head, *rows]}) == 1, "the columns are aligned"


def test_admin_ls_of_an_empty_store(yizhan):
    assert ask(yizhan, "ls").objects == []
    assert admin(yizhan, "ls").stdout == ""


# ---- show ----


def test_admin_show_project(keeper, dists):
    result = ask(keeper, "show", "pypi:Sample")
    files = {found["key"]: found for found in result.of("entry") if found["space"] == "file"}
    assert sorted(files) == sorted(dist.path for dist in dists[:3])
    found = files[dists[0].path]
    assert (found["sha256"], found["bytes"], found["held"]) == (dists[0].sha256, len(dists[0].data), True)
    assert found["upstream"] == "u1"
    (page,) = [found for found in result.of("entry") if found["space"] == "page"]
    assert page["url"].endswith("/simple/sample/")
    assert result.summary["name"] == "pypi:sample"


@pytest.mark.parametrize("versions", ["==1.1", "==1.1.0", ">1.0", "!=1.0", "~=1.1"])
def test_admin_show_release(filled, dists, versions):
    result = ask(filled, "show", f"pypi:sample{versions}")
    files = {found["key"] for found in result.of("entry") if found["space"] == "file"}
    assert files == {dist.path for dist in dists[1:3]}


@pytest.mark.parametrize("name", ["docker:nginx:1.27", "docker:library/nginx:1.27", "docker:docker.io/nginx:1.27"])
def test_admin_show_tag(keeper, images, name):
    result = ask(keeper, "show", name)
    assert result.summary["name"] == "docker:docker.io/library/nginx:1.27"
    blobs = {"sha256:" + found["sha256"] for found in result.of("entry") if found["space"] == "blob"}
    assert blobs == {blob.digest for blob in images.new.blobs}
    assert result.summary["bytes"] == sum(map(len, content_of_image(images.new).values()))


def test_admin_show_image(filled):
    result = ask(filled, "show", "docker:nginx")
    tags = {found["key"] for found in result.of("entry") if found["space"] == "tag"}
    assert tags == {"docker.io/library/nginx:1.26", "docker.io/library/nginx:1.27"}


def test_admin_show_by_digest(filled, images):
    result = ask(filled, "show", f"docker:nginx@{images.old.digest}")
    assert {found["key"] for found in result.of("entry") if found["space"] == "tag"} == {
        "docker.io/library/nginx:1.26"
    }


def test_admin_show_for_people(filled, dists):
    result = admin(filled, "show", "pypi:other")
    assert result.status == 0
    assert dists[3].filename in result.stdout and "u1" in result.stdout


@pytest.mark.parametrize("name", ["pypi:nothing", "docker:nothing", "docker:nginx:9", "pypi:sample==9", "prefetch:nothing"])
def test_admin_show_of_what_is_not_held(keeper, name):
    assert name.split(":", 1)[1].split(":")[0] in sentence(admin(keeper, "show", name))


@pytest.mark.parametrize("name", ["pypi:", "pypi:a b", "pypi:x==", "docker:", "docker:UPPER", "docker:a:b c", "docker:a@sha256:0", "pypi:x>=y", "prefetch:a b"])
def test_admin_show_of_no_name(filled, name):
    assert name in sentence(admin(filled, "show", name))


# ---- purge ----


def held(yizhan, data):
    return yizhan.blob_path(digest_of(data).split(":")[1]).exists()


def entries(yizhan):
    """{(space, key)} of the index."""
    return set(yizhan.index_rows("SELECT space, key FROM entry"))


def test_admin_purge_project(keeper, dists):
    before = entries(keeper)
    result = ask(keeper, "purge", "pypi:sample")
    gone = before - entries(keeper)
    assert {key for space, key in gone if space == "file"} == {dist.path for dist in dists[:3]}
    assert {("page", "sample"), ("json", "sample")} <= gone
    assert all("other" not in key for _, key in gone)
    assert [held(keeper, dist.data) for dist in dists] == [False, False, False, True]
    assert result.summary["entries"] == len(gone)
    assert result.summary["bytes"] >= sum(len(dist.data) for dist in dists[:3])
    assert {(found["space"], found["key"]) for found in result.of("removed")} == gone


@pytest.mark.parametrize("name", ["pypi:sample==1.1", "pypi:sample==1.1.0", "pypi:sample>1,<2", "pypi:sample==1.1.*"])
def test_admin_purge_release(keeper, dists, name):
    ask(keeper, "purge", name)
    assert [held(keeper, dist.data) for dist in dists] == [True, False, False, True]
    assert ("page", "sample") in entries(keeper)


def test_admin_purge_is_forgotten_in_memory(filled, dists):
    """What was served from memory a moment ago is asked for again."""
    small = dists[2]
    for _ in range(3):
        filled.get(small.path), filled.page("sample"), filled.get(dists[0].path + ".metadata")
    before = filled.metric("upstream_requests_total")
    ask(filled, "purge", "pypi:sample")
    filled.page("sample")
    assert filled.get(small.path).body == small.data
    assert filled.get(dists[0].path + ".metadata").body == dists[0].metadata
    assert filled.metric("upstream_requests_total") == before + 3


def test_admin_purge_while_it_is_read(filled, dists):
    with filled.open(dists[1].path) as exchange:
        exchange.head()
        ask(filled, "purge", "pypi:sample")
        assert exchange.rest().body == dists[1].data
    assert not held(filled, dists[1].data)


def test_admin_purge_tag(keeper, images):
    ask(keeper, "purge", "docker:nginx:1.26")
    assert not held(keeper, images.old.manifest.body) and not held(keeper, images.old.blobs[2].body)
    assert held(keeper, images.new.manifest.body)
    assert all(held(keeper, blob) for blob in [*bodies(images.new), *bodies(images.other)])
    keys = {key for space, key in entries(keeper) if space == "tag"}
    assert keys == {"docker.io/library/nginx:1.27", "docker.io/owner/app:1"}


def test_admin_purge_image(keeper, images):
    ask(keeper, "purge", "docker:nginx")
    assert not any("library/nginx" in key for _, key in entries(keeper))
    assert not held(keeper, images.old.manifest.body) and not held(keeper, images.new.blobs[2].body)
    assert all(held(keeper, blob) for blob in bodies(images.other)), "another image has the layer too"


def test_admin_purge_by_digest_takes_its_tags(keeper, images):
    ask(keeper, "purge", f"docker:nginx@{images.new.digest}")
    keys = {key for space, key in entries(keeper) if space == "tag"}
    assert keys == {"docker.io/library/nginx:1.26", "docker.io/owner/app:1"}
    assert not held(keeper, images.new.manifest.body) and held(keeper, BASE.blob.body)


def test_admin_purge_image_is_pulled_anew(filled, images):
    ask(filled, "purge", "docker:nginx:1.27")
    layer_digest = images.new.blobs[2].digest
    before = len(images.blob_gets(layer_digest)), len(images.blob_gets(BASE.blob.digest))
    pull(filled, "library/nginx", images.new, "1.27")
    after = len(images.blob_gets(layer_digest)), len(images.blob_gets(BASE.blob.digest))
    assert (before, after) == ((1, 1), (2, 1)), "the shared layer was still there"
    assert held(filled, images.new.blobs[2].body)


def test_admin_purge_what_is_not_held(keeper):
    before = entries(keeper)
    assert "pypi:nothing" in sentence(admin(keeper, "purge", "pypi:nothing"))
    assert entries(keeper) == before


def test_admin_purge_older_than(keeper, dists):
    keeper.advance(20 * 86400)
    if keeper.running:
        assert keeper.get(dists[0].path).body == dists[0].data
    result = ask(keeper, "purge", "--older-than", "10d")
    left = set(keeper.blob_rows())
    assert left == ({dists[0].sha256} if keeper.running else set())
    assert {path.parent.name + path.name for path in keeper.blob_files()} == left
    assert result.summary["blobs"] > 5
    assert ask(keeper, "purge", "--older-than", "10d").summary["blobs"] == 0


def test_admin_purge_for_people(filled):
    result = admin(filled, "purge", "pypi:other")
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith("removed 4 entries") and "KiB" in result.stdout


# ---- gc ----


def blob_bytes(yizhan):
    return sum(yizhan.blob_rows().values())


def use_all(yizhan, dists, images):
    """Each a day after the one before; the images last."""
    for dist in dists:
        yizhan.advance(86400)
        assert yizhan.get(dist.path).body == dist.data
    yizhan.advance(86400)
    pull(yizhan, "library/nginx", images.new, "1.27")


def test_admin_gc_within_the_limits(keeper):
    before = keeper.blob_rows()
    summary = ask(keeper, "gc").summary
    assert summary == {"type": "summary", "dry_run": False, "blobs": 0, "bytes": 0, "over_bytes": 0}
    assert keeper.blob_rows() == before


def test_admin_gc_alone_evicts_what_was_not_used_for_longest(filled, dists, images):
    use_all(filled, dists, images)
    filled.stop()
    before = filled.blob_rows()
    set_storage(filled, max_size="1850K")
    told = [found["sha256"] for found in ask(filled, "gc", "--dry-run").of("evict")]
    assert filled.blob_rows() == before, "a dry run evicts nothing"
    summary = ask(filled, "gc").summary
    gone = set(before) - set(filled.blob_rows())
    assert set(told) == gone and (summary["blobs"], summary["bytes"]) == (len(gone), sum(before[one] for one in gone))
    assert blob_bytes(filled) <= 1850 << 10
    assert all(held(filled, blob) for blob in bodies(images.new))
    assert not held(filled, images.old.blobs[2].body)


def test_admin_gc_dry_run_by_the_server_names_what_would_go(filled, dists, images):
    use_all(filled, dists, images)
    set_storage(filled, keep="30d", max_size="1M")
    result = admin(filled, "gc", "--dry-run", "--json")
    assert result.of("evict") == [] and result.summary["over_bytes"] > 0
    assert "keep" in sentence(result)


def test_admin_gc_for_people(filled, dists, images):
    """Files by their own names, and at the end a limit that cannot be kept and what to do."""
    use_all(filled, dists, images)
    filled.stop()
    set_storage(filled, max_size="1M")
    result = admin(filled, "gc", "--dry-run")
    assert f"file {dists[0].filename}\n" in result.stdout and "/packages/" not in result.stdout
    assert result.stdout.splitlines()[-1].startswith("would evict ")
    set_storage(filled, keep="30d")
    assert "raise max_size" in sentence(admin(filled, "gc", "--dry-run"))


def test_admin_gc_leaves_no_image_half(filled, dists, images):
    """Whatever the limit is: an image is there with all that it needs, or nothing of it that is its own."""
    use_all(filled, dists, images)
    filled.advance(86400)
    pull(filled, "owner/app", images.other, "1")
    filled.stop()
    config = filled.config.read_text()
    seen = set()
    for kib in range((blob_bytes(filled) >> 10) + 1, 1024, -20):
        filled.config.write_text(config)
        set_storage(filled, max_size=f"{kib}K")
        told = {found["sha256"] for found in ask(filled, "gc", "--dry-run").of("evict")}
        before = set(filled.blob_rows())
        ask(filled, "gc")
        assert before - set(filled.blob_rows()) == told
        whole = []
        for image in (images.old, images.new, images.other):
            own = [held(filled, body) for body in (image.manifest.body, *bodies(image)) if body != BASE.blob.body]
            assert all(own) or not any(own)
            assert held(filled, BASE.blob.body) or not any(own)
            whole.append(all(own))
        seen.add(tuple(whole))
    assert {(True, True, True), (False, True, True), (False, False, True)} <= seen


def test_admin_gc_keep_holds_against_max_size(filled, dists, images):
    use_all(filled, dists, images)
    filled.stop()
    set_storage(filled, keep="3d", max_size="1M")
    result = admin(filled, "gc", "--json")
    assert result.status == 1 and result.summary["over_bytes"] > 0 and "keep" in sentence(result)
    # Used one day apart: pages before the files, two of the files more than three days ago.
    assert [held(filled, dist.data) for dist in dists] == [False, False, True, True]
    assert all(held(filled, blob) for blob in bodies(images.new))


def test_admin_gc_pins_stay(keeper, dists, images):
    set_storage(keeper, pin=["pypi:Sample==1.1.0", "docker:nginx:1.26"], keep="0s", max_size="1M")
    if keeper.running:
        wait_until(lambda: blob_bytes(keeper) < 2 * MB, "the server evicts")
    result = admin(keeper, "gc", "--json")
    assert result.status == 1 and "pinned" in sentence(result)
    assert [held(keeper, dist.data) for dist in dists] == [False, True, True, False]
    assert held(keeper, images.old.manifest.body) and all(held(keeper, blob) for blob in bodies(images.old))
    assert not held(keeper, images.new.manifest.body) and not held(keeper, images.new.blobs[2].body)
    assert {key for space, key in entries(keeper) if space == "tag"} == {"docker.io/library/nginx:1.26"}


def test_admin_files_by_their_url_alone_belong_to_their_project(yizhan, wheel, big_wheel):
    """As from a lock file: no page was ever asked for."""
    for dist in (wheel, big_wheel):
        assert yizhan.get(dist.path).body == dist.data
    yizhan.wait_idle()
    assert {found["name"] for found in ask(yizhan, "ls").objects} == {"sample", "bulky"}
    assert wheel.path in [found["key"] for found in ask(yizhan, "show", "pypi:sample").of("entry")]
    ask(yizhan, "purge", "pypi:sample")
    assert not held(yizhan, wheel.data) and held(yizhan, big_wheel.data)


def test_admin_gc_pinned_project_keeps_new_files(make_yizhan, make_upstream, dists):
    bulk = [make_wheel(f"bulk{number}", "1.0", size=MB) for number in range(6)]
    yizhan = make_yizhan(make_upstream(Tree.tuna([*dists, *bulk])), storage={"max_size": "3M", "pin": "pypi:sample"})
    for dist in [*dists, *bulk]:
        assert yizhan.get(dist.path).body == dist.data
        yizhan.wait_idle()
        yizhan.advance(60)
    wait_until(lambda: blob_bytes(yizhan) <= 3 * MB, "the server evicts")
    assert all(held(yizhan, dist.data) for dist in dists[:3])


def purged_images(yizhan, images):
    """Purges what is older than ten days; which of the images are there then: whole, or nothing of them."""
    ask(yizhan, "purge", "--older-than", "10d")
    found = []
    for image in images:
        own = [held(yizhan, body) for body in (image.manifest.body, *bodies(image)) if body != BASE.blob.body]
        assert all(own) or not any(own)
        assert held(yizhan, BASE.blob.body) or not any(own) or BASE not in image.layers
        found.append(all(own))
    return found


@pytest.mark.parametrize("used", ["config", "layer", "shared", "nothing"])
def test_admin_purge_older_than_leaves_no_image_half(filled, images, used):
    """A use of one of its blobs alone keeps the whole image, of those that share it one."""
    filled.advance(20 * 86400)
    digest = {"config": images.old.blobs[0], "layer": images.old.blobs[2], "shared": BASE.blob}.get(used)
    if digest:
        assert filled.get(f"/v2/library/nginx/blobs/{digest.digest}").status == 200
    left = purged_images(filled, [images.old, images.new, images.other])
    assert left.count(True) == (0 if used == "nothing" else 1)
    assert left[0] or used in ("shared", "nothing")


def test_admin_purge_older_than_leaves_an_image_in_use(filled, images):
    """One of its layers is being sent since long ago."""
    image = images.add("owner/large", make_image([layer({"small": b"s"}), layer({"large": noise(24 * MB, "large")})]), "1")
    pull(filled, "owner/large", image, "1")
    with filled.open(f"/v2/owner/large/blobs/{image.layers[1].digest}") as reading:
        reading.head()
        filled.advance(20 * 86400)
        assert purged_images(filled, [image, images.old]) == [True, False]
        assert reading.rest().body == image.layers[1].body
    filled.wait_idle()
    filled.advance(20 * 86400)
    assert purged_images(filled, [image]) == [False]


def test_admin_purge_older_than_leaves_pins(keeper, dists):
    set_storage(keeper, pin="pypi:other")
    keeper.advance(20 * 86400)
    ask(keeper, "purge", "--older-than", "10d")
    assert [held(keeper, dist.data) for dist in dists] == [False, False, False, True]


@pytest.mark.parametrize("pin, words", [("deb:left", "deb:left"), ("pypi:a b", "a b"), ("docker:UPPER", "UPPER"), ("pypi:a>=b", "a>=b"), ("prefetch:a/b", "a/b")])
def test_admin_bad_pin(make_yizhan, upstream, pin, words):
    yizhan = make_yizhan(upstream, start=False, storage={"pin": pin})
    for arguments in (["serve", "--check"], ["serve"], ["ls"]):
        result = admin(yizhan, *arguments)
        assert "pin" in sentence(result) and words in sentence(result)


# ---- prefetch lists ----


def record_list(yizhan, name, digests):
    """Notes what a list needs, as a stopped server's scheduled prefetch would have."""
    assert not yizhan.running
    names = yizhan.index_rows("SELECT lower(hex(digest)), space, key FROM entry WHERE digest IS NOT NULL")
    lines = [" ".join(name) for name in names if name[0] in digests]
    lines += [f"{digest} file /packages/{digest}" for digest in digests - {name[0] for name in names}]
    body = "".join(f"{line}\n" for line in lines).encode()
    digest = bytes.fromhex(digest_of(body).split(":")[1])
    yizhan.blob_path(digest.hex()).write_bytes(body)
    with sqlite3.connect(yizhan.store / "index.db", timeout=30) as database:
        database.execute("INSERT INTO blob VALUES (?, ?, 1700000000, 1700000000)", (digest, len(body)))
        database.execute("INSERT INTO entry VALUES ('prefetch', ?, '', ?, ?, 1700000000, '')", (name, digest, len(body)))
        database.execute(
            "UPDATE state SET blobs = blobs + 1, bytes = bytes + ?, entries = entries + 1", (len(body),)
        )
    database.close()
    return body


@pytest.fixture
def listed(filled, dists, images, request):
    """A list that needs a file, all of an image, and what is not there; served or not."""
    needed = {dists[0].sha256, images.old.digest.split(":")[1], "ab" * 32}
    needed |= {blob.digest.split(":")[1] for blob in images.old.blobs}
    filled.stop()
    filled.needed = needed
    filled.record = record_list(filled, "nightly", needed)
    if request.param == "server":
        filled.start()
    return filled


served_or_not = pytest.mark.parametrize("listed", ["server", "alone"], indirect=True)


@served_or_not
def test_admin_list_is_shown(listed, dists, images):
    bodies_held = [dists[0].data, images.old.manifest.body, *bodies(images.old)]
    expected = {
        "type": "list",
        "name": "nightly",
        "needed": len(listed.needed),
        "held": len(listed.needed) - 1,
        "missing": 1,
        "bytes": sum(map(len, bodies_held)),
    }
    for arguments in (["ls"], ["ls", "prefetch"], ["show", "prefetch:nightly"]):
        (found,) = ask(listed, *arguments).of("list")
        assert {name: found[name] for name in expected} == expected
        assert found["used_at"] > 1700000000
    assert {found["type"] for found in ask(listed, "ls", "prefetch").objects} == {"list"}
    assert ask(listed, "show", "prefetch:nightly").summary["name"] == "prefetch:nightly"
    assert "prefetch:nightly" in admin(listed, "ls").stdout
    (told,) = admin(listed, "show", "prefetch:nightly").stdout.splitlines()
    assert told.startswith(f"prefetch:nightly needs {len(listed.needed)} blobs: ") and "1 missing" in told
    (stats,) = ask(listed, "stats").objects
    assert stats["store"]["spaces"]["prefetch"] == {"entries": 1, "blobs": 1, "bytes": len(listed.record)}


@served_or_not
def test_admin_list_is_pinned(listed, dists, images):
    set_storage(listed, pin="prefetch:nightly", keep="0s", max_size="1M")
    if listed.running:
        wait_until(lambda: blob_bytes(listed) < 2 * MB, "the server evicts")
    admin(listed, "gc")
    left = {path.parent.name + path.name for path in listed.blob_files()}
    assert left == (listed.needed - {"ab" * 32}) | {digest_of(listed.record).split(":")[1]}


@served_or_not
def test_admin_list_is_purged_without_what_it_needs(listed):
    before = set(listed.blob_rows())
    (removed,) = ask(listed, "purge", "prefetch:nightly").of("removed")
    assert (removed["space"], removed["key"]) == ("prefetch", "nightly")
    assert before - set(listed.blob_rows()) == {digest_of(listed.record).split(":")[1]}
    assert ask(listed, "ls", "prefetch").objects == []


# ---- verify ----


def flip(path):
    """One wrong byte in the middle, the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def delete_row(yizhan, sha256):
    with sqlite3.connect(yizhan.store / "index.db", timeout=30) as database:
        database.execute("DELETE FROM blob WHERE digest = ?", (bytes.fromhex(sha256),))
    database.close()


@pytest.fixture
def damaged(keeper, dists):
    """A wrong byte, a file that is gone, one that is short, and one that the index does not know, twice."""
    keeper.flipped, keeper.gone, keeper.short, keeper.unknown = [keeper.blob_path(dist.sha256) for dist in dists]
    flip(keeper.flipped)
    keeper.gone.unlink()
    os.truncate(keeper.short, 10)
    delete_row(keeper, dists[3].sha256)
    keeper.stray = keeper.blob_path("ab" * 32)
    keeper.stray.write_bytes(b"no such hash")
    return keeper


def by_fault(result):
    return {found["sha256"]: found["fault"] for found in result.of("fault")}


def expected_faults(dists):
    names = ["wrong bytes", "no file", "wrong size", "not in the index"]
    return {**{dist.sha256: name for dist, name in zip(dists, names)}, "ab" * 32: "not in the index"}


def test_admin_verify_sound(keeper):
    rows = keeper.blob_rows()
    summary = ask(keeper, "verify").summary
    assert (summary["blobs"], summary["hashed"], summary["bytes"]) == (len(rows), len(rows), sum(rows.values()))
    assert (summary["faults"], summary["repaired"]) == (0, 0)
    assert keeper.blob_rows() == rows


def test_admin_verify_only_tells(damaged, dists):
    rows, files = damaged.blob_rows(), damaged.blob_files()
    result = admin(damaged, "verify", "--json")
    assert result.status == 1 and "5 faults" in sentence(result) and "--repair" in sentence(result)
    assert by_fault(result) == expected_faults(dists)
    (wrong,) = [found for found in result.of("fault") if found["fault"] == "wrong bytes"]
    assert {"space": "file", "key": dists[0].path} in wrong["entries"]
    assert (damaged.blob_rows(), damaged.blob_files()) == (rows, files)


def test_admin_verify_repair(damaged, dists):
    result = ask(damaged, "verify", "--repair")
    assert by_fault(result) == expected_faults(dists)
    assert all(found["repaired"] for found in result.of("fault"))
    entered = [found["sha256"] for found in result.of("fault") if not found["removed"]]
    assert entered == [dists[3].sha256] and damaged.unknown.read_bytes() == dists[3].data
    assert not damaged.stray.exists()
    again = {found["sha256"] for found in result.of("fault") if found["refetched"]}
    if damaged.running:
        assert again == {dist.sha256 for dist in dists[:3]}
        damaged.wait_idle()
        assert all(held(damaged, dist.data) for dist in dists)
    else:
        assert again == set()
        (fetched,) = result.of("refetch")
        assert (fetched["removed"], fetched["refetched"]) == (3, 3)
        assert all(held(damaged, dist.data) for dist in dists)
    summary = ask(damaged, "verify").summary
    assert summary["faults"] == 0
    if not damaged.running:
        damaged.start()
    for dist in dists:
        assert damaged.get(dist.path).body == dist.data
    damaged.wait_idle()
    assert ask(damaged, "verify").summary["faults"] == 0


def test_admin_verify_repair_of_images_and_pages(filled, images):
    for path in filled.blob_files():
        flip(path)
    total = len(filled.blob_rows())
    result = ask(filled, "verify", "--repair")
    assert result.summary["faults"] >= total and result.summary["repaired"] == result.summary["faults"]
    pull(filled, "library/nginx", images.old, "1.26")
    pull(filled, "library/nginx", images.new, "1.27")
    pull(filled, "owner/app", images.other, "1")
    assert ask(filled, "verify").summary["faults"] == 0


def test_admin_verify_repair_without_upstreams(filled, dists, images):
    flip(filled.blob_path(dists[0].sha256))
    filled.configure([], server={"offline": "yes", "listen": f"127.0.0.1:{filled.port}"})
    filled.reload()
    (fault,) = ask(filled, "verify", "--repair").of("fault")
    assert fault["repaired"] and not fault["refetched"]
    assert filled.get(dists[0].path).status == 404


@pytest.mark.parametrize("by", ["server", "alone"])
def test_admin_verify_repair_claims_nothing_that_is_not_kept(make_yizhan, make_upstream, big_wheel, by):
    """It comes, but the store has no room for it, as on a full disk."""
    upstream = make_upstream(Tree.tuna([big_wheel]))
    pin = {"pin": f"pypi:{big_wheel.project}"}
    yizhan = make_yizhan(upstream, storage=pin)
    assert yizhan.get(big_wheel.path).body == big_wheel.data
    yizhan.stop()
    flip(yizhan.blob_path(big_wheel.sha256))
    yizhan.configure([upstream], storage={**pin, "max_size": "1M"})
    if by == "server":
        yizhan.start()
    result = admin(yizhan, "verify", "--repair", "--json")
    assert (result.status, result.summary["repaired"]) == (0, 1), result.stderr
    assert len(upstream.asked(upstream.tree.file_path(big_wheel))) == 2
    assert not any(found["refetched"] for found in result.of("fault") + result.of("refetch") + [result.summary])
    assert not yizhan.blob_path(big_wheel.sha256).exists()


def test_admin_verify_wrong_size_in_the_index(keeper, dists):
    """The file is right."""
    with sqlite3.connect(keeper.store / "index.db", timeout=30) as database:
        database.execute("UPDATE blob SET size = 5 WHERE digest = ?", (bytes.fromhex(dists[0].sha256),))
    database.close()
    (fault,) = ask(keeper, "verify", "--repair").of("fault")
    assert fault["fault"] == "wrong size" and fault["repaired"] and not fault["removed"]
    assert keeper.blob_rows()[dists[0].sha256] == len(dists[0].data)


def test_admin_verify_sample(keeper):
    rows = len(keeper.blob_rows())
    summary = ask(keeper, "verify", "--sample", "50%").summary
    assert summary["blobs"] == rows and abs(summary["hashed"] - rows / 2) <= 1


def test_admin_verify_samples_differ(filled, dists):
    flip(filled.blob_path(dists[0].sha256))
    wait_until(lambda: admin(filled, "verify", "--sample", "20%").status == 1, "one of the samples has it")


def test_admin_verify_sample_looks_at_all_sizes(filled, dists):
    filled.blob_path(dists[0].sha256).unlink()
    os.truncate(filled.blob_path(dists[1].sha256), 10)
    result = admin(filled, "verify", "--sample", "1%", "--json")
    assert by_fault(result) == {dists[0].sha256: "no file", dists[1].sha256: "wrong size"}


def test_admin_verify_rate(filled):
    """Bounded: it cannot have been faster than this."""
    started = time.monotonic()
    summary = ask(filled, "verify", "--rate", "4M").summary
    assert time.monotonic() - started >= summary["bytes"] / (4 * MB) - 0.1
    assert summary["bytes"] > MB


def test_admin_verify_ends_when_its_client_leaves(filled):
    process = subprocess.Popen(
        command(filled, "verify", "--rate", "1K"), env=filled.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_until(lambda: "control: verify" in filled.stderr, "the server has begun")
    process.kill()
    process.communicate()
    with ExitStack() as stack:  # all eight places are free again
        wait_until(lambda: admin(filled, "stats").status == 0, "it answers")
        for _ in range(7):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(str(control_path(filled)))
            assert sock.recv(1000)
        wait_until(lambda: admin(filled, "stats").status == 0, "the verification has ended")
    filled.stop()


def start_slow_verify(yizhan):
    return subprocess.Popen(
        command(yizhan, "verify", "--rate", "1K"),
        env=yizhan.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_admin_verify_ends_with_the_server(filled):
    process = start_slow_verify(filled)
    wait_until(lambda: "control: verify" in filled.stderr, "the server has begun")
    filled.stop()
    _, stderr = process.communicate()
    assert process.returncode == 1 and "server" in stderr


def test_admin_verify_alone_interrupted(filled):
    filled.stop()
    process = start_slow_verify(filled)
    lock = filled.store / "lock"
    wait_until(lambda: lock.read_text().strip() == str(process.pid), "it has the store")
    wait_until(lambda: (filled.store / "index.db-wal").exists(), "it has opened the index")
    assert "wait for it" in sentence(admin(filled, "stats"))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    assert process.returncode in (1, -signal.SIGINT)
    assert ask(filled, "verify").summary["faults"] == 0


def test_admin_verify_for_people(damaged):
    result = admin(damaged, "verify", "--repair")
    assert result.status == 0
    assert "wrong bytes" in result.stdout and "5 repaired" in result.stdout
    assert "fetched again" in result.stdout
    assert ("3 of 3" in result.stdout) != damaged.running


# ---- calling ----


@pytest.mark.parametrize(
    "arguments",
    [
        ["stats", "extra"],
        ["stats", "--nonsense"],
        ["stats", "-c"],
        ["ls", "deb"],
        ["ls", "pypi", "extra"],
        ["show"],
        ["show", "sample"],
        ["show", "pypi:a", "extra"],
        ["purge"],
        ["purge", "sample"],
        ["purge", "--older-than", "soon"],
        ["purge", "--older-than", "3"],
        ["purge", "--older-than", "3d", "pypi:a"],
        ["gc", "extra"],
        ["verify", "extra"],
        ["verify", "--sample", "5"],
        ["verify", "--sample", "0%"],
        ["verify", "--sample", "101%"],
        ["verify", "--rate", "fast"],
        ["gc", "--dry-run=yes"],
    ],
    ids=" ".join,
)
def test_admin_bad_usage_is_status_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert f"yizhan {arguments[0]}" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_admin_help(name):
    result = run(name, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"yizhan {name}" in result.stdout and "--json" in result.stdout


def test_admin_no_store(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, start=False)
    assert str(yizhan.store) in sentence(admin(yizhan, "stats"))
    assert not yizhan.store.exists()


def test_admin_no_config(tmp_path):
    result = run("stats", "-c", tmp_path / "missing.conf")
    assert result.returncode == 1 and "missing.conf" in result.stderr


# ---- the control socket ----


def control_path(yizhan):
    return yizhan.store / "control.sock"


def converse(yizhan, *lines):
    """Sends lines; returns all objects that come back."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(control_path(yizhan)))
        sock.sendall(b"".join(line + b"\n" for line in lines))
        with sock.makefile("rb") as answers:
            return [json.loads(line) for line in answers]


def test_admin_socket_is_the_owners_alone(yizhan):
    mode = control_path(yizhan).lstat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    yizhan.stop()
    assert not control_path(yizhan).exists()


def test_admin_socket_left_by_a_kill_is_replaced(yizhan):
    yizhan.kill9()
    assert control_path(yizhan).exists()
    assert ask(yizhan, "stats").objects[0]["server"] is None
    yizhan.start()
    assert ask(yizhan, "stats").objects[0]["server"] is not None


def test_admin_socket_name_taken(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, start=False)
    yizhan.store.mkdir()
    control_path(yizhan).write_text("precious")
    with pytest.raises(StartFailed) as failed:
        yizhan.start()
    yizhan.process = None
    assert "control.sock" in failed.value.stderr
    assert control_path(yizhan).read_text() == "precious"


def test_admin_socket_below_a_long_path(make_yizhan, upstream, tmp_path):
    """Longer than an address of a unix socket can be."""
    yizhan = make_yizhan(upstream, start=False)
    yizhan.store = tmp_path / ("x" * 100)
    yizhan.configure([upstream], storage={"path": yizhan.store})
    yizhan.start()
    assert ask(yizhan, "stats").objects[0]["server"] is not None


def test_admin_socket_protocol(yizhan):
    greeting, result, last = converse(yizhan, b'{"command":"stats","arguments":{}}')
    assert greeting["server"] == "yizhan"
    assert result["type"] == "stats"
    assert last == {"done": True, "failed": False}


def test_admin_socket_tells_the_address(yizhan):
    _, result, last = converse(yizhan, b'{"command":"address","arguments":{}}')
    assert result == {"type": "address", "url": f"http://127.0.0.1:{yizhan.port}"}
    assert last == {"done": True, "failed": False}


@pytest.mark.parametrize("line", [b"", b"nonsense", b"[]", b"\xff\xfe", b"{" * 100000, b"x" * (2 << 20)], ids=range(6))
def test_admin_socket_rubbish(yizhan, line):
    try:
        converse(yizhan, line)
    except OSError:
        pass
    assert ask(yizhan, "stats").objects


def test_admin_socket_says_what_it_did_not_read(yizhan):
    last = converse(yizhan, b"nonsense")[-1]
    assert last["done"] and last["failed"] and "line" in last["error"]


def descriptors(yizhan):
    """Of pipes: the server opens none by itself."""
    folder = f"/proc/{yizhan.process.pid}/fd"
    return [name for name in os.listdir(folder) if os.readlink(f"{folder}/{name}").startswith("pipe:")]


@pytest.mark.parametrize("count", [1, 2, 3, 200])
def test_admin_socket_keeps_no_descriptors(yizhan, count):
    before = len(descriptors(yizhan))
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(control_path(yizhan)))
        socket.send_fds(sock, [b'{"command":"stats","arguments":{}}\n'], [writing] * count)
        with sock.makefile("rb") as answers:
            assert [json.loads(line) for line in answers][-1] == {"done": True, "failed": False}
    os.close(reading)
    os.close(writing)
    assert len(descriptors(yizhan)) == before


def test_admin_socket_export_to_nowhere(yizhan):
    last = converse(yizhan, b'{"command":"export","arguments":{"all":true}}')[-1]
    assert last["failed"] and "nothing to write to" in last["error"]


@pytest.mark.parametrize("request_", [{}, {"command": "format"}, {"command": 5}], ids=str)
def test_admin_socket_unknown_command(yizhan, request_):
    last = converse(yizhan, json.dumps(request_).encode())[-1]
    assert last["done"] and last["failed"] and "command" in last["error"]


def test_admin_socket_takes_eight(yizhan):
    with ExitStack() as stack:
        for _ in range(8):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(str(control_path(yizhan)))
            assert sock.recv(1000)
        assert "already" in sentence(admin(yizhan, "stats"))
    wait_until(lambda: admin(yizhan, "stats").status == 0, "the eight have left")


def test_admin_socket_idle_clients_do_not_hold_up_the_end(yizhan):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(control_path(yizhan)))
        assert sock.recv(1000)
        yizhan.stop()


def test_admin_server_stuck(yizhan):
    """It has the lock and the socket, but does nothing."""
    with yizhan.standing_still():
        running = subprocess.Popen(
            command(yizhan, "stats"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=yizhan.environment
        )
        wait_until(lambda: running.poll() is not None or yizhan.pass_ms(1000), "the command gives it up")
    with running:
        assert running.returncode == 1 and "did not answer within 5 s" in running.stderr.read()


def test_admin_lock_without_socket(yizhan):
    control_path(yizhan).unlink()
    message = sentence(admin(yizhan, "stats"))
    assert str(yizhan.store) in message and "control.sock" in message
    assert yizhan.get("/healthz").status == 200


def test_admin_output_lost(filled):
    """A closed pipe is no success."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command(filled, "ls"), stdout=full, stderr=subprocess.PIPE, env=dict(os.environ))
    assert done.returncode == 1 and b"standard output" in done.stderr
