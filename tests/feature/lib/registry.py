"""A real registry (Docker's own, the reference of the distribution specification) and a token server for it."""

import base64
import json
import re
import signal
import socket
import subprocess
import time
from functools import partial
from urllib.parse import parse_qs, urlsplit

from lib import images, tools
from lib.upstream import Answer, ScriptedUpstream
from lib.wait import PATIENCE_S, wait_until

USER = "reader"
PASSWORD = "let-me-in"
# bcrypt of PASSWORD, of the lowest cost there is: it is checked at every request.
PASSWORD_HASH = "$2y$04$abcdefghijklmnopqrstuudxA/1BY5FxPYA69jUrJOJFmTyoe9T1a"

CONFIG = """
version: 0.1
log: {{level: {level}, formatter: json, accesslog: {{disabled: false}}}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
  cache: {{blobdescriptor: inmemory}}
http:
  addr: 127.0.0.1:{port}
  secret: none
"""
BASIC = """
auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}
"""
TOKEN = """
auth:
  token: {{realm: "{realm}", service: test, issuer: yizhan-tests, rootcertbundle: {certificate}}}
"""
PROXY = """
proxy: {{remoteurl: "{remote}"}}
"""


def basic_auth(user=USER, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class DockerRegistry:
    """auth: None, "basic" (USER and PASSWORD), or a TokenServer. proxy: the URL of what it is to be a mirror of.
    quiet_port: it listens there and has no log, which costs it half of its speed where answers are small."""

    def __init__(self, folder, auth=None, proxy=None, quiet_port=0):
        program = tools.require_one_of("docker-registry", "registry")  # Debian's name, and Fedora's
        folder.mkdir(parents=True)
        self.folder = folder
        self.auth = auth
        config = CONFIG.format(folder=folder, level="error" if quiet_port else "info", port=quiet_port)
        if auth == "basic":
            (folder / "htpasswd").write_text(f"{USER}:{PASSWORD_HASH}\n")
            config += BASIC.format(folder=folder)
        elif auth:
            config += TOKEN.format(realm=auth.realm, certificate=auth.certificate)
        if proxy:
            config += PROXY.format(remote=proxy)
        (folder / "config.yml").write_text(config)
        self._log = folder / "log"
        with open(self._log, "wb") as log:
            command = [program, "serve", folder / "config.yml"]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        self.port = wait_until(partial(self._listening, quiet_port), "the registry listens")

    def _listening(self, quiet_port):
        """Its port, once it listens."""
        assert self.process.poll() is None, f"the registry has ended:\n{self._log.read_text()}"
        if quiet_port:
            with socket.socket() as s:
                return quiet_port if s.connect_ex(("127.0.0.1", quiet_port)) == 0 else None
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", self._log.read_text())
        return found and int(found[1])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def push(self, repository, image, *tags):
        headers = {}
        if self.auth == "basic":
            headers["Authorization"] = basic_auth()
        elif self.auth:
            headers["Authorization"] = "Bearer " + self.auth.token(f"repository:{repository}:pull,push")
        images.push(self.url, repository, image, *tags, headers=headers)
        return image

    def log(self):
        """The requests so far as (method, path)."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if '"http.response.status"' in line]
        return [(line["http.request.method"], line["http.request.uri"]) for line in lines if "http.request.uri" in line]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_S)


class TokenServer(ScriptedUpstream):
    """Gives everybody who has USER and PASSWORD (or, anonymous=True, everybody) what they ask for, at /token.
    Signs as RFC 7519 and the registry want it: RS256 with the certificate in x5c."""

    SERVICE = "test"
    ISSUER = "yizhan-tests"

    def __init__(self, folder, anonymous=True):
        folder.mkdir(parents=True)
        self._key = folder / "key.pem"
        self.certificate = folder / "certificate.pem"
        self.anonymous = anonymous
        self.lifetime_s = 300
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self._key, "-out", self.certificate)
        der = openssl("x509", "-in", self.certificate, "-outform", "DER", request=False)
        self._header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        super().__init__()
        self.on("/token", self._answer)

    @property
    def realm(self):
        return self.url + "/token"

    def token(self, *scopes):
        now = int(time.time())
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        claims = {"iss": self.ISSUER, "aud": self.SERVICE, "sub": "", "jti": str(time.monotonic_ns())}
        claims.update(iat=now, nbf=now - 60, exp=now + self.lifetime_s, access=access)
        signed = ".".join(encode_part(json.dumps(part).encode()) for part in (self._header, claims))
        signature = openssl("dgst", "-sha256", "-sign", self._key, request=False, data=signed.encode())
        return f"{signed}.{encode_part(signature)}"

    def _answer(self, request):
        if not self.anonymous and request.header("Authorization") != basic_auth():
            return Answer(401, b'{"details": "who are you?"}', "application/json")
        query = parse_qs(urlsplit(request.target).query)
        scopes = [one for value in query.get("scope", []) for one in value.split(" ")]
        told = {"token": self.token(*scopes), "expires_in": self.lifetime_s}
        return Answer(body=json.dumps(told).encode(), content_type="application/json", validators=False)


def encode_part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(command, *arguments, request=True, data=None):
    subject = ["-subj", "/CN=yizhan tests", "-days", "30"] if request else []
    done = subprocess.run(["openssl", command, *map(str, arguments), *subject], input=data, capture_output=True)
    assert done.returncode == 0, f"openssl {command}: {done.stderr.decode()}"
    return done.stdout
