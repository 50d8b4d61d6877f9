"""Clients that send what nobody should: a clear 4xx, nothing asked of an upstream, everybody else undisturbed."""

import pytest


@pytest.fixture
def server(yizhan, upstream):
    """The server; afterwards it must be well and no upstream bothered."""
    yield yizhan
    assert upstream.asked() == []
    assert yizhan.get("/healthz").status == 200
    assert yizhan.blob_files() == []


def status_of(answer):
    """The status of a raw answer; 0 if the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_bad_clients_tls_on_the_plain_port(server):
    """Clients of registries try https first. A hello has no line end in it: nobody must wait for one."""
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(16, 16 + 189))
    assert status_of(server.raw(hello)) in (0, 400)


HASH = f"00/00/{'0' * 60}"


@pytest.mark.parametrize(
    "target",
    [
        "/simple/%00/",
        "/simple/sample%00/",
        "/simple/../etc/passwd",
        "/simple/%2e%2e/%2e%2e/etc/passwd",
        "/simple/..%2f..%2fetc%2fpasswd/",
        "/simple/a%2fb/",
        "/simple/a%5cb/",
        "/simple//sample/",
        "/simple/./sample/",
        "/simple/%zz/",
        "/simple/%f/",
        "/simple/%ff%fe/",
        "/simple/a%0d%0ab/",
        "/packages/../../etc/passwd",
        f"/packages/{HASH}/..",
        f"/packages/{HASH}/%2e%2e%2fpasswd",
        f"/packages/{HASH}/a%00.whl",
        f"/packages/{HASH}/a%2fb.whl",
        f"/packages/{HASH}/" + "a" * 300 + ".whl",
        "/packages/00/00/xyz/sample-1.0.tar.gz",
        f"/packages/{HASH[:-1]}/sample-1.0.tar.gz",
        f"/packages/zz/{HASH[3:]}/sample-1.0.tar.gz",
        "/packages/sha256/1234/sample/sample-1.0.tar.gz",
        "/pypi/..%2f/json",
        "/pypi/sample/%00/json",
        "sample",
        "/" + "a" * 5000,
        "/" + "a/" * 500,
    ],
    ids=lambda target: target[:40],
)
def test_bad_clients_target(server, target):
    answer = server.raw(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) in (400, 404, 414)
    assert b"root:" not in answer


@pytest.mark.parametrize("target", ["/simple/%00/", "/simple/a%2fb/", "/simple/../x/", f"/packages/{HASH}/a%00.whl"])
def test_bad_clients_target_is_400_with_message(server, target):
    response = server.get(target)
    assert response.status == 400
    assert response.media_type == "text/plain"
    assert 10 < len(response.body) < 300 and response.body.count(b"\n") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("target", ["/simple/sample/", f"/packages/{HASH}/sample-1.0.tar.gz", "/", "/metrics"])
def test_bad_clients_method_is_405(server, method, target):
    answer = server.raw(f"{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) == 405
    allow = [line for line in answer.split(b"\r\n") if line.lower().startswith(b"allow:")]
    assert len(allow) == 1 and b"GET" in allow[0] and b"HEAD" in allow[0]


def test_bad_clients_upload_is_405_before_its_body(server):
    """The 10 GiB are not waited for."""
    head = b"POST /simple/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10737418240\r\n\r\n"
    assert status_of(server.raw(head)) in (405, 400, 413)


@pytest.mark.parametrize(
    "headers",
    [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 0\r\nContent-Length: 0",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 5",
        "Content-Length: -1",
        "Content-Length: +0",
        "Content-Length: 0x0",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 0, 0",
        "Host: b",
    ],
    ids=lambda headers: headers.replace("\r\n", ", "),
)
def test_bad_clients_framing_is_400_and_close(server, headers):
    """The second request hidden behind it must never be answered."""
    smuggled = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = server.raw(f"GET /metrics HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{smuggled}".encode())
    assert status_of(answer) in (400, 413, 0)
    assert not answer.endswith(b"ok\n")
    assert b"yizhan_" not in answer


def test_bad_clients_zero_length_is_fine(server):
    answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert status_of(answer) == 200


def test_bad_clients_missing_host_is_400(server):
    assert status_of(server.raw(b"GET /simple/ HTTP/1.1\r\nConnection: close\r\n\r\n")) == 400


def test_bad_clients_http_1_0_needs_no_host(server):
    answer = server.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert status_of(answer) == 200


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE",
        b"GET",
        b"GET /healthz",
        b"GET /healthz HTTP/9.9\r\nHost: a",
        b"GET /healthz HTTP/1.1 extra\r\nHost: a",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nno colon here",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nBad Name: x",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length : 5",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n folded: x",
    ],
    ids=lambda data: repr(data[-30:]),
)
def test_bad_clients_garbage_is_400_or_close(server, data):
    assert status_of(server.raw(data + b"\r\nConnection: close\r\n\r\n")) in (0, 400, 404, 405, 505)


@pytest.mark.parametrize("count, allowed", [(1, [200]), (2, [200, 400, 0]), (2000, [200, 400, 0])])
def test_bad_clients_blank_lines_before_a_request(server, count, allowed):
    """RFC 9112 section 2.2 has servers ignore one, and lets them ignore more. libmicrohttpd 0.9 does that, 1.0 does not
    when it is told to be strict; then the request is refused."""
    answer = server.raw(b"\r\n" * count + b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert status_of(answer) in allowed


@pytest.mark.parametrize("count, size", [(1, 100_000), (2000, 50)])
def test_bad_clients_huge_headers_are_refused(server, count, size):
    headers = "".join(f"X-{number}: {'a' * size}\r\n" for number in range(count))
    answer = server.raw(f"GET /simple/ HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
    assert status_of(answer) in (0, 400, 413, 431)


@pytest.mark.parametrize(
    "accept",
    ["," * 3000, "a/b;" * 500, ";q=", "*/*;q=99999999999", '"' * 100, "text/html;q=-1"],
    ids=lambda accept: accept[:20],
)
def test_bad_clients_odd_accept_is_answered(yizhan, accept):
    assert yizhan.get("/simple/sample/", {"Accept": accept}).status in (200, 406)


def test_bad_clients_odd_host_is_not_repeated(yizhan):
    host = '"><script>alert(1)</script>'
    for target in ("/", "/pypi/sample/json", "/simple/sample/"):
        assert b"<script>alert" not in yizhan.get(target, host=host).body


def test_bad_clients_odd_target_is_not_repeated_as_html(yizhan):
    response = yizhan.get("/simple/<script>alert(1)</script>")
    assert response.status in (400, 404)
    assert response.media_type == "text/plain"


def test_bad_clients_error_is_not_cached(yizhan):
    for target in ("/simple/missing/", "/nothing", f"/packages/{HASH}/sample-9.tar.gz"):
        assert "no-store" in yizhan.get(target).header("Cache-Control")


def test_bad_clients_pipelined_requests_are_answered_in_order(yizhan, wheel):
    one = f"GET {wheel.path} HTTP/1.1\r\nHost: a\r\n\r\n"
    last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = yizhan.raw((one + one + last).encode())
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.count(wheel.data) == 2
    assert answer.rstrip().endswith(b"ok")


def test_bad_clients_control_characters_stay_out_of_the_log(yizhan):
    yizhan.raw(b"GET /simple/%1b[31m/ HTTP/1.1\r\nHost: a\r\nUser-Agent: \x1b[31mred\r\nConnection: close\r\n\r\n")
    yizhan.stop()
    assert b"\x1b" not in (yizhan.folder / "access.log").read_bytes()
    assert "\x1b" not in yizhan.stderr
