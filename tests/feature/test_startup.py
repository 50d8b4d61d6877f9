"""The command line, mirror.conf, starting, reloading, stopping: one clear sentence for each trouble."""

import re
import signal
import socket
import sqlite3

import pytest
from lib import client
from lib.packages import make_sdist
from lib.tree import Tree
from lib.upstream import Answer
from lib.wait import PATIENCE_S, wait_until
from lib.yizhan import StartFailed, on_tmpfs, run

GOOD = """
[server]
listen = 127.0.0.1:0
[storage]
path = {store}
min_free = 0
[pypi "one"]
index = http://127.0.0.1:9/simple/
"""

HUB = """[registry "docker.io"]
upstream = http://127.0.0.1:9
upstream = http://127.0.0.1:8/docker.io
default = yes
"""


@pytest.fixture
def config(tmp_path):
    """config(text): a mirror.conf with this text."""

    def write(text):
        path = tmp_path / "mirror.conf"
        path.write_text(text.format(store=tmp_path / "store"))
        return path

    return write


def sentence(text):
    """The one line of the message."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def refusal(yizhan):
    """Starts a server that must not start; returns what it says."""
    with pytest.raises(StartFailed) as failed:
        yizhan.start()
    yizhan.process = None
    assert failed.value.status == 1
    return sentence(failed.value.stderr)


# ---- command line ----


def test_startup_version():
    result = run("version")
    assert result.returncode == 0
    assert re.search(r"yizhan \d+\.\d+", result.stdout)


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["serve", "--help"], ["version", "--help"]])
def test_startup_help(arguments):
    result = run(*arguments)
    assert result.returncode == 0
    assert "serve" in result.stdout or "version" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["serve", "--nonsense"], ["serve", "-c"], ["serve", "extra"], ["version", "extra"]]
)
def test_startup_bad_usage_is_status_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr
    assert result.stdout == ""


# ---- mirror.conf ----


def test_startup_check_of_good_config(config, tmp_path):
    result = run("serve", "--check", "-c", config(GOOD))
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "text, line, words",
    [
        (GOOD + "colour = red\n", 9, ["colour"]),
        (GOOD + "[nonsense]\nkey = 1\n", 9, ["nonsense"]),
        (GOOD.replace("min_free = 0", "min_free = much"), 6, ["min_free", "much"]),
        (GOOD.replace("127.0.0.1:0", "nowhere"), 3, ["listen", "nowhere"]),
        (GOOD.replace("127.0.0.1:0", "127.0.0.1:99999"), 3, ["listen", "99999"]),
        (GOOD.replace("http://127.0.0.1:9/simple/", "gopher://a/"), 8, ["index", "gopher"]),
        (GOOD + "connections = 0\n", 9, ["connections"]),
        (GOOD + "connections = -3\n", 9, ["connections"]),
        (GOOD + "stall_timeout = 5 parsecs\n", 9, ["stall_timeout"]),
        (GOOD + "this is not a line\n", 9, []),
        (GOOD.replace("[server]", "[server"), 2, []),
        (GOOD.replace("[storage]", "[storage]\nmax_size = 99999999999T"), 5, ["max_size"]),
        (GOOD.replace("[storage]", "offline = perhaps\n[storage]"), 4, ["offline", "perhaps"]),
        (GOOD + '[pypi "two"]\nconnections = 3\n', None, ["two", "index"]),
        (GOOD + '[registry "Docker.io"]\n', 9, ["Docker.io", "lower case"]),
        (GOOD + '[registry "docker.io"]\n', 9, ["docker.io", "upstream"]),
        (GOOD + HUB + "username = me\npassword = hunter2\n", 13, ["username", '[upstream "http://127.0.0.1:9/"]']),
        (GOOD + HUB + '[upstream "http://127.0.0.1:7"]\n', 13, ["127.0.0.1:7/", "127.0.0.1:8/docker.io/"]),
        (GOOD + HUB + '[registry "b"]\nupstream = http://b\ndefault = yes\n', 15, ["default", '[registry "docker.io"]']),
    ],
    ids=lambda value: repr(value)[-40:],
)
@pytest.mark.parametrize("mode", ["check", "serve"])
def test_startup_bad_config_names_file_and_line(config, text, line, words, mode):
    path = config(text)
    result = run("serve", *(["--check"] if mode == "check" else []), "-c", path)
    assert result.returncode == 1
    message = sentence(result.stderr)
    assert f"{path}:{line}:" in message if line else str(path) in message
    assert all(word in message for word in words)
    assert "hunter2" not in message


def test_startup_check_of_registries(config):
    result = run("serve", "--check", "-c", config(HUB))
    assert result.returncode == 0, result.stderr


def test_startup_password_file_starts_where_the_program_does(config, tmp_path, monkeypatch):
    path = config(HUB + '[upstream "http://127.0.0.1:9"]\nusername = me\npassword_file = secret\n')
    result = run("serve", "--check", "-c", path)
    assert result.returncode == 1
    assert f"{path}:7: password_file = secret cannot be read" in sentence(result.stderr)
    (tmp_path / "secret").write_text("hunter2\n")
    monkeypatch.chdir(tmp_path)
    result = run("serve", "--check", "-c", path)
    assert result.returncode == 0, result.stderr
    assert "hunter2" not in result.stdout + result.stderr


def test_startup_missing_config(tmp_path):
    result = run("serve", "-c", tmp_path / "missing.conf")
    assert result.returncode == 1
    assert "missing.conf" in sentence(result.stderr)


def test_startup_unreadable_config(tmp_path):
    result = run("serve", "-c", tmp_path)
    assert result.returncode == 1
    assert str(tmp_path) in sentence(result.stderr)


@pytest.mark.parametrize("data", [b"\0" * 1000, b"\xff\xfe[server]\n", b"[" * 100000, b"a = b\n"], ids=range(4))
def test_startup_rubbish_config(tmp_path, data):
    path = tmp_path / "mirror.conf"
    path.write_bytes(data)
    result = run("serve", "--check", "-c", path)
    assert result.returncode == 1
    assert "mirror.conf" in sentence(result.stderr)


# ---- listening ----


def test_startup_tells_how_to_point_pip(yizhan):
    assert f"http://127.0.0.1:{yizhan.port}/simple/" in yizhan.stdout


def test_startup_port_in_use(make_yizhan, upstream):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        yizhan = make_yizhan(upstream, start=False, server={"listen": f"127.0.0.1:{port}"})
        message = refusal(yizhan)
    assert str(port) in message and "use" in message


def test_startup_several_listen_lines(make_yizhan, upstream, tmp_path):
    path = tmp_path / "yizhan.sock"
    yizhan = make_yizhan(upstream, server={"listen": ["127.0.0.1:0", f"unix:{path}"]})
    assert client.fetch(path, "/healthz").status == 200
    assert yizhan.get("/healthz").status == 200
    yizhan.stop()
    assert not path.exists()


def test_startup_stale_unix_socket_is_replaced(make_yizhan, upstream, tmp_path):
    path = tmp_path / "yizhan.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    make_yizhan(upstream, server={"listen": ["127.0.0.1:0", f"unix:{path}"]})
    assert client.fetch(path, "/healthz").status == 200


# ---- the store ----


def test_startup_store_locked_names_pid(yizhan, make_yizhan, upstream):
    other = make_yizhan(upstream, start=False, storage={"path": yizhan.store})
    assert re.search(rf"\b{yizhan.process.pid}\b", refusal(other))
    assert yizhan.get("/healthz").status == 200


def test_startup_store_is_a_file(make_yizhan, upstream, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert str(tmp_path / "file") in refusal(make_yizhan(upstream, start=False, storage={"path": tmp_path / "file"}))


def test_startup_store_cannot_be_made(make_yizhan, upstream):
    assert "/proc/yizhan" in refusal(make_yizhan(upstream, start=False, storage={"path": "/proc/yizhan"}))


def test_startup_store_on_read_only_disk(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, start=False)
    yizhan.wrapper = on_tmpfs(yizhan.store, "ro")
    message = refusal(yizhan)
    assert str(yizhan.store) in message and "ead-only" in message


def test_startup_store_on_tiny_full_disk(make_yizhan, upstream):
    """There is no room for even an empty index."""
    yizhan = make_yizhan(upstream, start=False)
    yizhan.wrapper = on_tmpfs(yizhan.store, "size=4k")
    assert str(yizhan.store) in refusal(yizhan)


def test_startup_index_newer_than_the_program(yizhan):
    yizhan.stop()
    with sqlite3.connect(yizhan.store / "index.db") as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    message = refusal(yizhan)
    assert "index" in message and "newer" in message


# ---- reload ----


def test_startup_reload_of_bad_config_keeps_the_old(yizhan, wheel):
    good = yizhan.config.read_text()
    yizhan.config.write_text(good + "colour = red\n")
    said = yizhan.reload()
    assert f"{yizhan.config}:" in said and "colour" in said
    assert yizhan.get(wheel.path).body == wheel.data


def test_startup_reload_of_missing_config_keeps_the_old(yizhan, wheel):
    yizhan.config.unlink()
    assert "mirror.conf" in yizhan.reload()
    assert yizhan.get(wheel.path).body == wheel.data


def test_startup_reload_goes_offline(yizhan, upstream):
    yizhan.configure([upstream], server={"offline": "yes"})
    yizhan.reload()
    assert yizhan.get("/simple/sample/").status in (404, 503)
    assert upstream.asked() == []


def test_startup_reload_keeps_what_was_learned(make_yizhan, make_upstream, wheel):
    """Where an upstream keeps its files is known from its pages; a reload does not forget it."""
    other = make_sdist("other", "1.0")
    upstream = make_upstream(Tree([]))
    page = Tree([wheel], has_json=False).html_page("sample").replace(b"../../packages/", b"/pool/x/packages/")
    upstream.on("/simple/sample/", Answer(body=page, content_type="text/html"))
    upstream.on(f"/pool/x{other.path}", Answer(body=other.data))
    yizhan = make_yizhan(upstream)
    yizhan.page("sample")
    yizhan.reload()
    assert yizhan.get(other.path).body == other.data
    assert not upstream.asked(other.path)


def test_startup_reload_reopens_access_log(yizhan):
    log = yizhan.folder / "access.log"
    yizhan.get("/healthz")
    wait_until(lambda: log.exists() and log.read_text(), "a line is written")
    log.rename(log.with_suffix(".old"))
    yizhan.reload()
    yizhan.get("/healthz")
    wait_until(lambda: log.exists() and log.read_text(), "a line is written to the new file")


# ---- stop ----


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_startup_stop_by_signal(yizhan, number):
    yizhan.process.send_signal(number)
    assert yizhan.process.wait(PATIENCE_S) == 0


def test_startup_stop_with_open_connections(yizhan):
    """Idle and half-sent requests do not hold up the end."""
    socks = [client.connect(yizhan.port) for _ in range(20)]
    for sock in socks[:10]:
        sock.sendall(b"GET /simple/ HT")
    wait_until(lambda: yizhan.metric("connections") > 20, "all are there")
    yizhan.stop()
    for sock in socks:
        sock.close()
