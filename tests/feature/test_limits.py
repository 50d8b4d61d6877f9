"""Limits of connections, and that crowds share one fetch."""

import threading

import pytest
from lib import client
from lib.client import Background
from lib.pages import JSON_TYPE
from lib.wait import wait_until

SWEEP_EVERY_MS = 1000  # of proxy/server.c


def refused(port):
    """True if a new connection is closed or told 503."""
    try:
        return client.fetch(port, "/healthz").status == 503
    except ConnectionError:
        return True


def test_limits_connections_per_client(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, server={"max_connections_per_client": 3})
    held = [yizhan.open("/healthz") for _ in range(3)]
    assert [exchange.head().status for exchange in held] == [200] * 3
    assert refused(yizhan.port)
    held.pop().close()
    wait_until(lambda: not refused(yizhan.port), "the place is free again")
    for exchange in held:
        exchange.close()
    wait_until(lambda: yizhan.metrics().get("connections_refused_total"), "the refusals are counted")


def test_limits_connections_in_all(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, server={"max_connections": 3})
    held = [yizhan.open("/healthz") for _ in range(3)]
    assert [exchange.head().status for exchange in held] == [200] * 3
    assert refused(yizhan.port)
    for exchange in held:
        exchange.close()
    wait_until(lambda: not refused(yizhan.port), "the places are free again")


def test_limits_are_not_raised_past_those_of_the_start(make_yizhan, upstream):
    yizhan = make_yizhan(upstream, server={"max_connections": 3})
    yizhan.configure([upstream], server={"max_connections": 5000})
    assert "max_connections = 5000 takes effect at the next start; until then it is 3" in yizhan.reload()
    held = [yizhan.open("/healthz") for _ in range(3)]
    assert [exchange.head().status for exchange in held] == [200] * 3
    assert refused(yizhan.port)


def test_limits_of_one_client_leave_others_alone(make_yizhan, upstream, tmp_path):
    path = tmp_path / "yizhan.sock"
    server = {"max_connections_per_client": 2, "listen": ["127.0.0.1:0", f"unix:{path}"]}
    yizhan = make_yizhan(upstream, server=server)
    held = [yizhan.open("/healthz") for _ in range(2)]
    assert [exchange.head().status for exchange in held] == [200] * 2
    assert refused(yizhan.port)
    assert client.fetch(path, "/healthz").status == 200
    for exchange in held:
        exchange.close()


def test_limits_many_idle_connections_hold_up_nobody(yizhan, wheel):
    idle = [client.connect(yizhan.port) for _ in range(300)]
    wait_until(lambda: yizhan.metric("connections") > 300, "all are there")
    assert yizhan.get(wheel.path).body == wheel.data
    for sock in idle:
        sock.close()
    wait_until(lambda: yizhan.metric("connections") < 10, "all are gone")


def test_limits_crowd_on_a_cold_page_asks_once(yizhan, upstream):
    accepts = [JSON_TYPE, "text/html"]
    clients = [Background(yizhan.get, "/simple/sample/", {"Accept": accepts[n % 2]}) for n in range(40)]
    assert [client_.result().status for client_ in clients] == [200] * 40
    assert len(upstream.asked("/simple/sample/")) == 1


def test_limits_crowd_on_cold_metadata_asks_once(yizhan, upstream, wheel):
    yizhan.page("sample")
    clients = [Background(yizhan.get, wheel.path + ".metadata") for _ in range(20)]
    assert all(client_.result().body == wheel.metadata for client_ in clients)
    assert len(upstream.asked(upstream.tree.metadata_path(wheel))) == 1


def test_limits_crowd_on_metadata_without_a_page_asks_once(yizhan, upstream, wheel):
    clients = [Background(yizhan.get, wheel.path + ".metadata") for _ in range(20)]
    assert all(client_.result().body == wheel.metadata for client_ in clients)
    assert all(len(upstream.asked(path)) <= 1 for path in {request.path for request in upstream.asked()})


def test_limits_crowd_on_absence_asks_once(yizhan, upstream):
    clients = [Background(yizhan.get, "/simple/missing/") for _ in range(20)]
    assert [client_.result().status for client_ in clients] == [404] * 20
    assert len(upstream.asked("/simple/missing/")) == 1


@pytest.mark.parametrize("sent", [b"\r\n" * 100, b"G", b"GET / HTTP/1.1\r\n"])
def test_limits_client_that_leaves_with_its_last_bytes_is_noticed(yizhan, sent):
    """Well before the time that an idle client has."""
    for _ in range(20):
        with client.connect(yizhan.port) as sock:
            sock.sendall(sent)
    yizhan.pass_ms(SWEEP_EVERY_MS)
    assert yizhan.metrics_at_rest()["connections_cut_total"] == 0


def test_limits_client_that_leaves_while_waiting_is_noticed(yizhan, upstream):
    """Suspended connections do not pile up."""
    gate = threading.Event()
    upstream.change("/simple/sample/", gate=gate)
    waiting = [yizhan.open("/simple/sample/") for _ in range(20)]
    wait_until(lambda: yizhan.metric("connections") > 20, "all wait")
    for exchange in waiting:
        exchange.close()
    wait_until(lambda: yizhan.metric("connections") < 10, "all are gone")
    gate.set()
