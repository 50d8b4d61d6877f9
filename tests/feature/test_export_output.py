"""yizhan export: where a bundle is written to, and what is left there when it comes to nothing."""

import fcntl
import io
import os
import signal
import stat
import subprocess
import tarfile
import threading
from contextlib import ExitStack

import pytest
from lib.admin import admin, ask, command, on_a_terminal
from lib.packages import make_wheel
from lib.skips import Reason, skip
from lib.tree import Tree
from lib.wait import PATIENCE_S, wait_until

# Of noise, so that a bundle of it fills every pipe.
SIZE = 3 << 20


@pytest.fixture
def yizhan(make_yizhan, make_upstream):
    """A store with one wheel, and a server."""
    dist = make_wheel("app", "1.0", size=SIZE)
    yizhan = make_yizhan(make_upstream(Tree.tuna([dist])))
    yizhan.page("app")
    assert yizhan.get(dist.path).body == dist.data
    yizhan.wait_idle()
    return yizhan


@pytest.fixture(params=["server", "alone"])
def store(request, yizhan):
    if request.param == "alone":
        yizhan.stop()
    return yizhan


def begin(yizhan, *arguments):
    return subprocess.Popen(
        command(yizhan, "export", "--all", *arguments), stderr=subprocess.PIPE, text=True, env=yizhan.environment
    )


def admin_into(yizhan, fd):
    return subprocess.run(
        command(yizhan, "export", "--all", "-o", "-"),
        stdout=fd,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        env=yizhan.environment,
    )


def is_locked(path):
    """proc(5): a line of /proc/locks ends in device:inode, start, end."""
    with open("/proc/locks", encoding="ascii") as locks:
        return any(line.split()[1] == "FLOCK" and f":{path.stat().st_ino} " in line for line in locks)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def blobs(bundle):
    """What is in it but for the manifest, which says when it was made."""
    with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.name.startswith("blobs/")}


def test_export_into_a_device_leaves_it_one(store, tmp_path):
    """As root on a disk that allows it."""
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        skip(Reason.NO_DEVICE_NODES)
    ask(store, "export", "--all", "-o", device)
    assert stat.S_ISCHR(device.lstat().st_mode)
    assert not (tmp_path / "null.part").exists()


def test_export_into_a_pipe_that_has_a_name(store, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    ask(store, "export", "--all", "-o", pipe)
    reader.join(PATIENCE_S)
    ask(store, "export", "--all", "-o", tmp_path / "file")
    assert blobs(got[0]) == blobs((tmp_path / "file").read_bytes()) != {}
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_export_into_a_folder_is_refused(store, tmp_path):
    (tmp_path / "out").mkdir()
    result = admin(store, "export", "--all", "-o", tmp_path / "out")
    assert result.status == 1
    assert "is a folder" in result.stderr
    assert names(tmp_path / "out") == []
    assert not (tmp_path / "out.part").exists()


def test_export_leaves_standard_output_as_it_was(store):
    """Which it may have in common with other programs, that do not expect EAGAIN."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        reader = threading.Thread(target=pipe.read)
        reader.start()
        result = admin_into(store, writing)
        flags = fcntl.fcntl(writing, fcntl.F_GETFL)
        os.close(writing)
        reader.join(PATIENCE_S)
    assert result.returncode == 0, result.stderr
    assert not flags & os.O_NONBLOCK


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_export_interrupted_leaves_nothing(yizhan, tmp_path, number):
    """While the server works on it; a stopped one works for ever."""
    folder = tmp_path / "out"
    folder.mkdir()
    with yizhan.standing_still(), begin(yizhan, "-o", folder / "b.tar") as running:
        wait_until(lambda: names(folder) == ["b.tar.part"], "it has begun")
        running.send_signal(number)
        assert running.wait(PATIENCE_S) == 1
        assert "interrupted" in running.stderr.read()
    assert names(folder) == []


def test_export_leaves_no_progress_on_the_terminal(store, tmp_path):
    """What is printed then would stand behind it."""
    status, shown = on_a_terminal(store, "export", "--all", "-o", tmp_path / "b.tar")
    assert status == 0
    assert " of " in shown and shown.endswith("\r\033[K")


def test_export_twice_to_one_name(yizhan, tmp_path):
    """The second must not write into what the first has begun."""
    with ExitStack() as stack:
        with yizhan.standing_still():
            running = stack.enter_context(begin(yizhan, "-o", tmp_path / "b.tar"))
            wait_until((tmp_path / "b.tar.part").exists, "it has begun")
            wait_until(lambda: is_locked(tmp_path / "b.tar.part"), "it has it for itself")
            second = admin(yizhan, "export", "--all", "-o", tmp_path / "b.tar")
        assert running.wait(PATIENCE_S) == 0, running.stderr.read()
    assert second.status == 1
    assert "another export" in second.stderr
    assert (tmp_path / "b.tar").stat().st_size > SIZE
    ask(yizhan, "import", tmp_path / "b.tar")
