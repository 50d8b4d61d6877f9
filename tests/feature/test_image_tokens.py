"""Tokens, passwords and signed URLs of upstreams; blobs of one repository do not leak into another."""

import base64
import json
import threading
from dataclasses import replace

import pytest
from lib.client import Background
from lib.images import DOCKER_MANIFEST, content_of, digest_of, layer, make_image, manifest_of
from lib.registry_api import LIBRARY, content_of_image, error_code, error_message, manifest_requests, pull_all
from lib.scripted_registry import Storage
from lib.tree import Tree
from lib.upstream import Answer
from lib.wait import wait_until

LOGIN = ("reader", "let-me-in")
PROOF = base64.b64encode(":".join(LOGIN).encode()).decode()


@pytest.fixture(scope="session")
def image(big_image):
    return big_image


@pytest.fixture
def storage(make_registry, registry):
    storage = make_registry(kind=Storage)
    registry.redirect_blobs(storage)
    return storage


@pytest.fixture
def make_private(make_yizhan, registry, tmp_path):
    """A mirror that knows the user and the password of the upstream."""

    def make(password=LOGIN[1], **keys):
        path = tmp_path / "password"
        path.write_text(password + "\n")
        path.chmod(0o600)
        keys = {"upstream": [registry], "username": LOGIN[0], "password_file": path, **keys}
        return make_yizhan(registries={"docker.io": keys})

    return make


def assert_nothing_secret(yizhan):
    """Neither log, nor what is sent to clients, nor the store's index may name a password or token."""
    said = yizhan.stderr + yizhan.stdout + (yizhan.folder / "access.log").read_text()
    for secret in (LOGIN[1], PROOF, "token-", "X-Signature", "signature-"):
        assert secret not in said, f"{secret} is in the log"


# ---- tokens ----


def test_image_tokens_one_for_many(mirror, registry, image):
    registry.challenge()
    clients = [Background(pull_all, mirror, LIBRARY, "1.0") for _ in range(8)]
    for client in clients:
        assert client.result() == content_of_image(image)
    assert len(registry.token_requests()) == 1


def test_image_tokens_have_the_scope_of_the_challenge(mirror, registry):
    registry.challenge()
    pull_all(mirror, LIBRARY, "1.0")
    target = registry.token_requests()[0].target
    assert "service=test" in target and "pull" in target and "hello" in target


def test_image_tokens_one_for_each_repository(mirror, registry, image):
    registry.challenge()
    registry.add("owner/app", image, "1.0")
    for name in (LIBRARY, "owner/app", LIBRARY):
        pull_all(mirror, name, "1.0")
    assert len(registry.token_requests()) == 2


def test_image_tokens_with_a_prefix(make_yizhan, make_registry, image):
    """The scope that counts is the one of the challenge: it has the prefix."""
    registry = make_registry().challenge()
    registry.add(f"docker.io/{LIBRARY}", image, "1.0")
    mirror = make_yizhan(registries={"docker.io": [registry.url + "/docker.io"]})
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)


def test_image_tokens_are_renewed(mirror, registry, image):
    registry.challenge()
    assert mirror.manifest(LIBRARY, "1.0").status == 200
    registry.expire_tokens()
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)
    assert len(registry.token_requests()) == 2


@pytest.mark.parametrize("member", ["token", "access_token"])
def test_image_tokens_without_a_lifetime(mirror, registry, image, member):
    registry.challenge()

    def answer(request):
        told = json.loads(registry.mounted_answer(request).body)
        return Answer(body=json.dumps({member: told["token"]}).encode(), content_type="application/json")

    registry.on("/token", answer)
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)


BAD_TOKENS = {
    "500": Answer(500, b"no"),
    "429": Answer(429, b"no"),
    "403": Answer(403, b"no"),
    "html": Answer(body=b"<html>Log in</html>", content_type="text/html"),
    "empty": Answer(body=b""),
    "none": Answer(body=b"{}", content_type="application/json"),
    "null": Answer(body=b'{"token": null}', content_type="application/json"),
    "list": Answer(body=b"[]", content_type="application/json"),
    "header": Answer(body=b'{"token": "a\\r\\nX-Evil: yes"}', content_type="application/json"),
    "huge": Answer(body=json.dumps({"token": "x" * (1 << 20)}).encode(), content_type="application/json"),
    "worthless": Answer(body=b'{"token": "worthless"}', content_type="application/json"),
    "negative": Answer(body=b'{"token": "worthless", "expires_in": -5}', content_type="application/json"),
    "cut": Answer(body=b'{"token": "abcdef"}', content_type="application/json", cut_after=5),
    "loop": Answer(302, headers=(("Location", "/token"),)),
}


def assert_denied(response):
    """Registries answer 401 for what does not exist, too: the client is told both."""
    assert error_code(response, 404) == "MANIFEST_UNKNOWN"
    assert "does not exist" in error_message(response) and "credentials" in error_message(response)


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_image_tokens_server_that_fails_or_lies(mirror, registry, kind):
    """No answer for the client, no endless asking, and nothing evil in a request."""
    registry.challenge()
    registry.on("/token", BAD_TOKENS[kind])
    response = mirror.manifest(LIBRARY, "1.0")
    if kind in ("403", "worthless", "negative"):
        assert_denied(response)
    else:
        assert error_code(response, 503) == "UNAVAILABLE"
    assert len(registry.asked()) < 40
    assert all(request.header("X-Evil") is None for request in registry.asked())


@pytest.mark.parametrize("rest", ["manifests/1.0", "manifests/{digest}", "blobs/{digest}"])
def test_image_tokens_denial_is_remembered_as_one(mirror, registry, rest):
    """Who asks again is told the same, and no upstream is asked."""
    registry.challenge()
    registry.on("/token", BAD_TOKENS["403"])
    target = f"/v2/{LIBRARY}/" + rest.format(digest="sha256:" + "0" * 64)
    first = mirror.get(target)
    asked = len(registry.asked())
    again = mirror.get(target)
    for response in (first, again):
        error_code(response, 404)
        assert "credentials" in error_message(response)
    assert len(registry.asked()) == asked


@pytest.mark.parametrize("kind", ["500", "html", "worthless"])
def test_image_tokens_next_upstream_serves(make_yizhan, make_registry, registry, image, kind):
    registry.challenge()
    registry.on("/token", BAD_TOKENS[kind])
    good = make_registry()
    good.add(LIBRARY, image, "1.0")
    mirror = make_yizhan(registries={"docker.io": [registry, good]})
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)


@pytest.mark.parametrize(
    "challenge",
    [
        "Bearer",
        "Bearer realm=",
        'Bearer realm="file:///etc/passwd"',
        'Bearer realm="ftp://127.0.0.1/token"',
        'Bearer realm="http://"',
        'Bearer realm="http://127.0.0.1:1/token',
        "Negotiate",
        "x" * 10000,
        "",
    ],
)
def test_image_tokens_challenge_that_makes_no_sense(mirror, registry, challenge):
    refusal = Answer(401, b"no", headers=(("WWW-Authenticate", challenge),))
    registry.on_everything(refusal)
    assert error_code(mirror.manifest(LIBRARY, "1.0"), 503) == "UNAVAILABLE"


def test_image_tokens_realm_elsewhere_is_not_asked(mirror, make_registry, registry):
    foreign = make_registry(host="127.0.0.2")
    registry.challenge(token_server=foreign)
    assert error_code(mirror.manifest(LIBRARY, "1.0"), 503) == "UNAVAILABLE"
    assert foreign.asked() == []


def test_image_tokens_realm_elsewhere_by_configuration(make_yizhan, make_registry, registry, image):
    foreign = make_registry(host="127.0.0.2")
    registry.challenge(token_server=foreign)
    keys = {"upstream": [registry], "realm": "127.0.0.2"}
    mirror = make_yizhan(registries={"docker.io": keys})
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)
    assert len(foreign.token_requests()) == 1


def test_image_tokens_realm_on_another_port(mirror, make_registry, registry, image):
    registry.challenge(token_server=make_registry())
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)


# ---- passwords ----


def test_image_tokens_with_a_password(make_private, registry, image):
    registry.challenge(login=LOGIN)
    private = make_private()
    assert pull_all(private, LIBRARY, "1.0") == content_of_image(image)
    assert_nothing_secret(private)


def test_image_tokens_password_goes_to_the_token_server_only(make_private, registry):
    registry.challenge(login=LOGIN)
    pull_all(make_private(), LIBRARY, "1.0")
    for request in registry.asked():
        if request.path != "/token":
            assert not (request.header("Authorization") or "").startswith("Basic")


def test_image_tokens_basic(make_private, registry, image):
    registry.challenge("Basic", login=LOGIN)
    private = make_private()
    assert pull_all(private, LIBRARY, "1.0") == content_of_image(image)
    assert_nothing_secret(private)


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_image_tokens_wrong_password(make_private, registry, scheme):
    """The log says whose password is refused, and not what it is."""
    registry.challenge(scheme, login=(LOGIN[0], "another"))
    private = make_private()
    response = private.manifest(LIBRARY, "1.0")
    if scheme == "Basic":
        assert_denied(response)
    else:
        assert error_code(response, 503) == "UNAVAILABLE"
    assert f"127.0.0.1:{registry.port}" in private.stderr
    assert_nothing_secret(private)


def test_image_tokens_password_is_not_sent_unasked(make_private, registry):
    """An open registry gets no password."""
    pull_all(make_private(), LIBRARY, "1.0")
    assert all(request.header("Authorization") is None for request in registry.asked())


def test_image_tokens_password_stays_with_its_upstream(make_yizhan, make_registry, registry, image, tmp_path):
    """The next upstream asks for a password, too; it does not get this one."""
    (tmp_path / "password").write_text(LOGIN[1])
    registry.on_everything(Answer(503))
    other = make_registry().challenge("Basic", login=LOGIN)
    other.add(LIBRARY, image, "1.0")
    keys = {registry: {"username": LOGIN[0], "password_file": tmp_path / "password"}}
    mirror = make_yizhan(registries={"docker.io": [registry, other]}, upstream_keys=keys)
    assert error_code(mirror.manifest(LIBRARY, "1.0"), 503) == "UNAVAILABLE"
    assert all(request.header("Authorization") is None for request in other.asked())


# ---- signed URLs ----


def test_image_tokens_blobs_elsewhere(mirror, registry, storage, image):
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)
    for blob in image.blobs:
        assert len(registry.blob_gets(blob.digest)) == 1


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_image_tokens_never_reach_the_storage(make_private, registry, storage, image, scheme):
    registry.challenge(scheme, login=LOGIN)
    private = make_private()
    assert pull_all(private, LIBRARY, "1.0") == content_of_image(image)
    assert storage.asked()
    for request in storage.asked():
        assert request.header("Authorization") is None
        assert LOGIN[1] not in str(request) and PROOF not in str(request)
    assert_nothing_secret(private)


def test_image_tokens_signed_url_expires_in_the_middle(mirror, registry, storage, big):
    """A new one is fetched from the registry, and the layer goes on where it was."""
    path = f"/store/{big.digest}"

    def cut_and_expire(request):
        answer = storage.mounted_answer(request)
        storage.expire()
        return replace(answer, cut_after=2 << 20)

    storage.on(path, cut_and_expire, times=1)
    response = mirror.blob(LIBRARY, big.digest)
    assert response.complete and response.body == big.body
    last = storage.asked(path)[-1]
    start = int(last.header("Range").removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 2 << 20
    assert len(registry.asked(registry.blob_path(LIBRARY, big.digest), method="GET")) >= 2


def test_image_tokens_signed_url_is_not_kept(mirror, registry, storage, image):
    """Another blob, later, gets its own; the first one's would be dead."""
    small, big = image.layers
    assert mirror.blob(LIBRARY, small.digest).body == small.body
    storage.expire()
    assert mirror.blob(LIBRARY, big.digest).body == big.body


def test_image_tokens_storage_that_is_down(make_yizhan, make_registry, registry, storage, image):
    """The registry answers, what it points to does not: the next upstream."""
    storage.on_everything(Answer(503))
    good = make_registry()
    good.add(LIBRARY, image, "1.0")
    mirror = make_yizhan(registries={"docker.io": [registry, good]})
    assert pull_all(mirror, LIBRARY, "1.0") == content_of_image(image)


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "[::1]", "169.254.169.254", "2130706434"])
def test_image_tokens_blob_is_not_fetched_from_private_addresses(mirror, make_registry, registry, big, host):
    """The upstream is configured at 127.0.0.1; no other address of this network is its business."""
    victim = make_registry(host="127.0.0.2")
    location = f"http://{host}:{victim.port}/secret"
    registry.on(registry.blob_path(LIBRARY, big.digest), Answer(307, headers=(("Location", location),)))
    assert error_code(mirror.blob(LIBRARY, big.digest), 503) == "UNAVAILABLE"
    assert victim.asked() == []


# ---- private blobs ----


@pytest.fixture
def secret(registry):
    """A layer of a repository that is not everybody's."""
    image = make_image([layer({"secret": b"of A"})])
    registry.add("owner/a", image, "1")
    registry.add("owner/b", make_image([layer({"plain": b"of B"})]), "1")
    return image


def test_image_tokens_blob_of_another_repository(mirror, registry, secret):
    """Held through A; B's upstream does not know it: it is not there."""
    pull_all(mirror, "owner/a", "1")
    pull_all(mirror, "owner/b", "1")
    mirror.wait_idle()
    for method in ("HEAD", "GET"):
        assert mirror.blob("owner/b", secret.layers[0].digest, method).status == 404


def test_image_tokens_manifest_of_another_repository(mirror, registry, secret):
    pull_all(mirror, "owner/a", "1")
    mirror.wait_idle()
    assert error_code(mirror.manifest("owner/b", secret.digest), 404) == "MANIFEST_UNKNOWN"


def test_image_tokens_blob_of_another_repository_without_upstream(mirror, registry, secret):
    """Nobody can say that B has it."""
    pull_all(mirror, "owner/a", "1")
    mirror.wait_idle()
    registry.stop()
    assert error_code(mirror.blob("owner/b", secret.layers[0].digest), 503) == "UNAVAILABLE"


def test_image_tokens_blob_of_two_repositories(mirror, registry, secret):
    """B's manifest names it: no upstream is asked."""
    pull_all(mirror, "owner/a", "1")
    both = manifest_of(secret.blobs, DOCKER_MANIFEST, annotations={"of": "B"})
    registry.add("owner/b", both, "2")
    mirror.manifest("owner/b", "2")
    mirror.wait_idle()
    asked = len(registry.asked())
    assert mirror.blob("owner/b", secret.layers[0].digest).body == secret.layers[0].body
    assert len(registry.asked()) == asked


def test_image_tokens_blob_that_upstream_confirms(mirror, registry, secret):
    """A client that knows the digest from elsewhere: one HEAD, no bytes."""
    pull_all(mirror, "owner/a", "1")
    mirror.wait_idle()
    one = secret.layers[0]
    registry.repositories["owner/b"].blobs[one.digest] = one
    misses = mirror.metrics_at_rest()["misses_total"]
    for _ in range(3):
        assert mirror.blob("owner/b", one.digest).body == one.body
    assert mirror.metrics_at_rest()["misses_total"] == misses
    asked = registry.asked(registry.blob_path("owner/b", one.digest))
    assert [request.method for request in asked] == ["HEAD"]


@pytest.mark.parametrize("trouble", ["missing", "wrong size"])
def test_image_tokens_blob_of_two_registries(make_yizhan, make_registry, registry, secret, trouble):
    """What another registry's upstream and manifest say of a blob holds up nobody."""
    shared = secret.layers[0]
    size = len(shared.body) + (trouble == "wrong size")
    document = json.loads(secret.manifest.body)
    document["layers"][0]["size"] = size
    other = make_registry()
    other.add_manifest("app", content_of({**document, "annotations": {"of": "another"}}, DOCKER_MANIFEST), "1")
    mirror = make_yizhan(registries={"docker.io": [registry], "ghcr.io": [other]})
    mirror.manifest("owner/a", "1")
    mirror.manifest("ghcr.io/app", "1")
    gate = threading.Event()
    path = other.blob_path("app", shared.digest)
    other.on(path, Answer(404, gate=gate) if trouble == "missing" else Answer(body=shared.body, gate=gate))
    first = Background(mirror.blob, "ghcr.io/app", shared.digest)
    wait_until(lambda: other.asked(path), "the other's upstream is asked")
    assert mirror.blob("owner/a", shared.digest).body == shared.body
    gate.set()
    answer = first.result()
    if answer.status == 200:  # it has found in the store what the other one brought
        assert answer.body == shared.body
    else:
        assert answer.status == (404 if trouble == "missing" else 503)


def test_image_tokens_package_is_no_blob(make_yizhan, make_upstream, registry, wheel):
    """What the package side holds is not a layer of every repository."""
    mirror = make_yizhan(make_upstream(Tree.tuna([wheel])), registries={"docker.io": [registry]})
    mirror.get(wheel.path)
    mirror.wait_idle()
    assert error_code(mirror.blob(LIBRARY, digest_of(wheel.data)), 404) == "BLOB_UNKNOWN"


def test_image_tokens_wait_together(mirror, registry, image):
    """While the token is being fetched, nobody fetches another."""
    gate = threading.Event()
    registry.challenge()
    registry.change("/token", gate=gate)
    clients = [Background(mirror.blob, LIBRARY, blob.digest) for blob in image.blobs]
    wait_until(lambda: len(registry.token_requests()) == 1, "a token is asked for")
    wait_until(lambda: mirror.metric("connections") > len(clients), "all clients are there")
    gate.set()
    assert [client.result().body for client in clients] == [blob.body for blob in image.blobs]
    assert len(registry.token_requests()) == 1
    assert manifest_requests(registry) == []
