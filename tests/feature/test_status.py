"""/, /healthz, /metrics and the access log."""

import re
import threading

from lib.client import Background
from lib.wait import wait_until


def test_status_page_tells_how_to_use_it(yizhan):
    response = yizhan.get("/", host="mirror.example:8080")
    assert (response.status, response.media_type) == (200, "text/html")
    assert "http://mirror.example:8080/simple/" in response.text
    assert "u1" in response.text


def test_status_health(yizhan):
    response = yizhan.get("/healthz")
    assert (response.status, response.body) == (200, b"ok\n")
    assert "no-store" in response.header("Cache-Control")


def test_status_health_does_not_depend_on_upstreams(yizhan, upstream):
    upstream.stop()
    assert yizhan.get("/healthz").status == 200


def test_status_metrics_are_well_formed(yizhan):
    response = yizhan.get("/metrics")
    assert response.media_type == "text/plain" and "version=0.0.4" in response.header("Content-Type")
    names = re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", response.text, re.MULTILINE)
    assert "yizhan_requests_total" in names
    for name in names:
        assert re.search(rf"^# HELP {name} .+$", response.text, re.MULTILINE)
        assert re.search(rf"^{name}(?:{{.*}})? -?[0-9.]+$", response.text, re.MULTILINE)


def test_status_metrics_count_hits_and_misses(yizhan, wheel):
    before = yizhan.metrics()
    yizhan.get(wheel.path)
    yizhan.wait_idle()
    yizhan.get(wheel.path)
    after = yizhan.metrics_at_rest()
    assert after["misses_total"] - before["misses_total"] == 1
    assert after["hits_total"] - before["hits_total"] == 1
    assert after["store_blobs"] >= 1 and after["store_bytes"] >= len(wheel.data)
    assert after["response_bytes_total"] - before["response_bytes_total"] >= 2 * len(wheel.data)


def test_status_fills(yizhan, upstream, big_wheel):
    assert yizhan.get("/fills").json() == {"version": 2, "storing": 0, "fills": []}
    gate = threading.Event()
    path = upstream.tree.file_path(big_wheel)
    upstream.change(path, body_gate=gate, gate_after=1 << 20)
    with yizhan.open(big_wheel.path) as reading:
        reading.head()
        reading.read(900_000)
        response = yizhan.get("/fills")
        (fill,) = response.json()["fills"]
        assert response.media_type == "application/json"
        assert "no-store" in response.header("Cache-Control")
        assert fill["kind"] == "file" and fill["path"] == big_wheel.path
        assert 900_000 <= fill["bytes"] <= 1 << 20
        assert fill["of"] == len(big_wheel.data)
        gate.set()
        reading.rest()
    yizhan.wait_idle()
    assert yizhan.get("/fills").json() == {"version": 2, "storing": 0, "fills": []}


def test_status_fills_of_unknown_size(yizhan, upstream, big_wheel):
    gate = threading.Event()
    path = upstream.tree.file_path(big_wheel)
    upstream.change(path, body_gate=gate, gate_after=1 << 20, framing="chunked")
    client = Background(yizhan.get, big_wheel.path)
    wait_until(lambda: any(fill["bytes"] for fill in yizhan.get("/fills").json()["fills"]), "bytes have come")
    (fill,) = yizhan.get("/fills").json()["fills"]
    assert sorted(fill) == ["bytes", "kind", "path"]
    gate.set()
    assert client.result().body == big_wheel.data


def test_status_unknown_path_is_404(yizhan):
    response = yizhan.get("/no/such/thing")
    assert response.status == 404
    assert response.body


def test_status_access_log_has_a_line_for_each_request(yizhan, wheel):
    yizhan.get(wheel.path, {"User-Agent": 'pip/24 "quoted"'})
    yizhan.get("/simple/sample/?format=text/html")
    log = yizhan.folder / "access.log"
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= 2, "both lines are written")
    # A line is written behind the last byte of its answer: those of two clients may change places.
    first, second = sorted(log.read_text().splitlines()[:2], key=lambda line: "GET /simple/" in line)
    assert re.match(r'127\.0\.0\.1 - - \[[^\]]+\] "GET ' + re.escape(wheel.path), first)
    assert f'" 200 {len(wheel.data)} "-" "pip/24 \\"quoted\\"" miss' in first
    assert '"GET /simple/sample/?format=text/html HTTP/1.1" 200 ' in second
