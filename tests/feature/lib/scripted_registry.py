"""A registry that does what a test tells it to: on top of ScriptedUpstream, a tree of repositories in memory.

    registry.add("library/hello", image, "1.0")            manifests, blobs, a tag
    registry.on(registry.blob_path(name, digest), Answer(503), times=1)
    registry.change(registry.manifest_path(name, "1.0"), headers=())        without Docker-Content-Digest
    registry.challenge()                                   from now on a token is needed
    registry.redirect_blobs(storage)                       blobs lie elsewhere, behind signed URLs
    registry.blob_gets(digest)                             GETs of a blob so far, here or in the storage
"""

import base64
import json
import re
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

from lib.images import OCI_INDEX, Content
from lib.upstream import Answer, ScriptedUpstream

TARGET = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|referrers|tags)/(?P<reference>[^/]+)")
API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


def error_answer(status, code, message="", headers=()):
    """The error document of the distribution specification."""
    body = json.dumps({"errors": [{"code": code, "message": message or code.lower(), "detail": None}]}).encode()
    return Answer(status, body, "application/json", headers=(API_VERSION, *headers))


class Repository:
    def __init__(self):
        self.tags = {}  # tag -> digest
        self.manifests = {}  # digest -> Content
        self.blobs = {}  # digest -> Content
        self.referrers = {}  # digest -> list of descriptors


class ScriptedRegistry(ScriptedUpstream):
    """token_lifetime_s, page_size (of lists), has_referrers: may be changed at any time."""

    def __init__(self, host="127.0.0.1"):
        self.repositories = {}
        self.page_size = None
        self.has_referrers = True
        self.token_lifetime_s = 300
        self.login = None  # (user, password) that the token server, or Basic, wants
        self._scheme = None  # "Bearer", "Basic"
        self._token_server = self
        self._tokens = {}  # token -> scope
        self._storage = None
        super().__init__(host)

    # ---- what there is ----

    def add(self, name, image, *tags):
        """The image, and everything below it. Its tags move to it."""
        repository = self.repositories.setdefault(name, Repository())
        for one in image.all_images():
            repository.manifests[one.digest] = one.manifest
            repository.blobs.update({blob.digest: blob for blob in one.blobs})
            self._refer(repository, one)
        repository.tags.update({tag: image.digest for tag in tags})
        return image

    def _refer(self, repository, image):
        document = json.loads(bytes(image.manifest.body))
        subject = document.get("subject")
        if not subject:
            return
        kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
        descriptor = image.manifest.descriptor(artifactType=kind)
        known = repository.referrers.setdefault(subject["digest"], [])
        if descriptor not in known:
            known.append(descriptor)

    def add_manifest(self, name, manifest, *tags):
        """A bare Content: whatever is in it."""
        repository = self.repositories.setdefault(name, Repository())
        repository.manifests[manifest.digest] = manifest
        repository.tags.update({tag: manifest.digest for tag in tags})

    def remove_tag(self, name, tag):
        del self.repositories[name].tags[tag]

    # ---- what is asked for ----

    @staticmethod
    def manifest_path(name, reference):
        return f"/v2/{name}/manifests/{reference}"

    @staticmethod
    def blob_path(name, digest):
        return f"/v2/{name}/blobs/{digest}"

    @staticmethod
    def tags_path(name):
        return f"/v2/{name}/tags/list"

    def asked_kind(self, kind, method=None):
        """Requests for "manifests", "blobs", "referrers" or "tags", of any repository."""
        found = []
        for request in self.asked(method=method):
            told = TARGET.fullmatch(request.path)
            if told and told["kind"] == kind:
                found.append(request)
        return found

    def blob_gets(self, digest):
        """GETs of this blob in any repository; where blobs are redirected, those of the storage."""
        place = self._storage or self
        return [request for request in place.asked(method="GET") if request.path.endswith(f"/{digest}")]

    # ---- tokens, storage ----

    def challenge(self, scheme="Bearer", login=None, token_server=None):
        """login: (user, password), else everybody gets a token. token_server: another ScriptedRegistry."""
        self._scheme = scheme
        self.login = login
        if token_server:
            self._token_server = token_server
            token_server._tokens = self._tokens
            token_server.login = login
        return self

    def expire_tokens(self):
        self._tokens.clear()

    def token_requests(self):
        return self._token_server.asked("/token")

    def redirect_blobs(self, storage):
        """storage: a Storage."""
        self._storage = storage
        return self

    # ---- answers ----

    def mounted_answer(self, request):
        if request.path == "/token":
            return self._token(request)
        name, kind, reference = self._parse(request)
        refused = self._refusal(request, name)
        if refused:
            return refused
        if request.path.rstrip("/") == "/v2":
            return Answer(body=b"{}", content_type="application/json", headers=(API_VERSION,), validators=False)
        repository = self.repositories.get(name)
        if kind is None or repository is None:
            return error_answer(404, "NAME_UNKNOWN", "repository name not known to registry")
        return getattr(self, f"_{kind}")(request, repository, reference)

    @staticmethod
    def _parse(request):
        told = TARGET.fullmatch(request.path)
        return (told["name"], told["kind"], told["reference"]) if told else (None, None, None)

    def _refusal(self, request, name):
        """401 with a challenge; None where the request may pass."""
        if not self._scheme:
            return None
        scheme, _, proof = (request.header("Authorization") or "").partition(" ")
        if self._scheme == "Basic":
            if scheme == "Basic" and proof == self._basic_proof():
                return None
            return error_answer(401, "UNAUTHORIZED", headers=(("WWW-Authenticate", 'Basic realm="test"'),))
        scope = f"repository:{name}:pull" if name else ""
        if scheme == "Bearer" and proof in self._tokens and scope in ("", *self._tokens[proof]):
            return None
        challenge = f'Bearer realm="{self._token_server.url}/token",service="test"' + (scope and f',scope="{scope}"')
        return error_answer(401, "UNAUTHORIZED", headers=(("WWW-Authenticate", challenge),))

    def _basic_proof(self):
        return base64.b64encode(":".join(self.login).encode()).decode()

    def _token(self, request):
        if self.login and request.header("Authorization") != f"Basic {self._basic_proof()}":
            return error_answer(401, "UNAUTHORIZED", "wrong user or password")
        query = parse_qs(urlsplit(request.target).query)
        token = f"token-{len(self._tokens)}-{threading.get_ident()}"
        self._tokens[token] = [one for value in query.get("scope", []) for one in value.split(" ")]
        told = {"token": token, "expires_in": self.token_lifetime_s}
        return Answer(body=json.dumps(told).encode(), content_type="application/json", validators=False)

    def _manifests(self, request, repository, reference):
        manifest = repository.manifests.get(repository.tags.get(reference, reference))
        if not manifest:
            return error_answer(404, "MANIFEST_UNKNOWN")
        headers = (API_VERSION, ("Docker-Content-Digest", manifest.digest), ("ETag", f'"{manifest.digest}"'))
        return Answer(body=manifest.body, content_type=manifest.media_type, headers=headers, validators=False)

    def _blobs(self, request, repository, digest):
        blob = repository.blobs.get(digest)
        if not blob:
            return error_answer(404, "BLOB_UNKNOWN")
        if self._storage:
            return Answer(307, headers=(API_VERSION, ("Location", self._storage.sign(blob))), validators=False)
        headers = (API_VERSION, ("Docker-Content-Digest", digest))
        return Answer(body=blob.body, headers=headers, etag=f'"{digest}"')

    def _tags(self, request, repository, reference):
        query = parse_qs(urlsplit(request.target).query)
        tags = sorted(tag for tag in repository.tags if tag > query.get("last", [""])[0])
        count = min(int(query.get("n", [len(tags)])[0]), self.page_size or len(tags))
        name = TARGET.fullmatch(request.path)["name"]
        headers = [API_VERSION]
        if count < len(tags):
            following = urlencode({"n": count, "last": tags[count - 1]}) if count else "n=0"
            headers.append(("Link", f'<{request.path}?{following}>; rel="next"'))
        body = json.dumps({"name": name, "tags": tags[:count]}).encode()
        return Answer(body=body, content_type="application/json", headers=tuple(headers), validators=False)

    def _referrers(self, request, repository, digest):
        if not self.has_referrers:
            return error_answer(404, "UNSUPPORTED", "404 page not found")
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": repository.referrers.get(digest, [])}
        return Answer(
            body=json.dumps(index).encode(), content_type=OCI_INDEX, headers=(API_VERSION,), validators=False
        )


class Storage(ScriptedUpstream):
    """Where a registry keeps its blobs: URLs work for as long as their signature does."""

    def __init__(self, host="127.0.0.1"):
        self._blobs = {}
        self._signed = set()
        super().__init__(host)

    def sign(self, blob):
        self._blobs[blob.digest] = blob
        signature = f"signature-{len(self.asked())}-{len(self._signed)}"
        self._signed.add(signature)
        return f"{self.url}/store/{blob.digest}?" + urlencode({"X-Signature": signature})

    def expire(self):
        """The URLs given out so far are worth nothing from now on."""
        self._signed.clear()

    def mounted_answer(self, request):
        signature = parse_qs(urlsplit(request.target).query).get("X-Signature", [""])[0]
        if signature not in self._signed:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
        blob = self._blobs.get(request.path.rpartition("/")[2])
        if not blob:
            return Answer(404)
        return Answer(body=blob.body, etag=f'"{blob.digest}"')


def fallback_referrers(registry, name, subject, artifacts):
    """What clients write where there is no referrers API: an index under the tag sha256-<hex>."""
    entries = []
    for artifact in artifacts:
        kind = json.loads(artifact.manifest.body)["artifactType"]
        entries.append(artifact.manifest.descriptor(artifactType=kind))
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    content = Content(json.dumps(index).encode(), OCI_INDEX)
    registry.add_manifest(name, content, subject.replace(":", "-"))
