"""dockerd with a data folder of its own. It is spoken to by its API, as the docker command does."""

import json
import re
import subprocess
import time
from urllib.parse import urlencode

from lib import client, skips, tools
from lib.wait import PATIENCE_S, wait_until


class Dockerd:
    """No network for containers: no bridge, no packet filter. vfs works on every file system."""

    def __init__(self, folder, storage_driver="vfs"):
        tools.require("dockerd", "containerd", "runc")
        skips.require_root()
        skips.require_mounts()
        folder.mkdir(parents=True)
        self.folder = folder
        self._socket = folder / "docker.sock"
        self._settings = folder / "daemon.json"
        self._log = folder / "log"
        self._mirrors_since = 0
        self._settings.write_text("{}")
        command = ["dockerd", "--debug", "--config-file", self._settings, "-H", f"unix://{self._socket}"]
        command += ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
        command += ["--iptables=false", "--ip6tables=false", "--bridge=none", f"--storage-driver={storage_driver}"]
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=tools.environment(folder / "home"),
            )
        if not self._wait_ready():
            self.stop()
            skips.skip(skips.Reason.DOES_NOT_START, f"dockerd: {self.log()[-2000:]}")

    def _wait_ready(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if client.fetch(self._socket, "/_ping").status == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def log(self):
        return self._log.read_text(errors="replace")

    def use_mirrors(self, *urls):
        """registry-mirrors; taken over without a restart."""
        wanted = [url.rstrip("/") + "/" for url in urls]
        before = self._mirrors_since = len(self.log())
        self._settings.write_text(json.dumps({"registry-mirrors": list(urls)}))
        self.process.send_signal(1)
        wait_until(lambda: "Reloaded configuration" in self.log()[before:], "dockerd reads its settings")
        assert self.call("GET", "/info").json()["RegistryConfig"]["Mirrors"] == wanted

    def call(self, method, target, document=None):
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        return client.fetch(self._socket, target, method, headers, body=body, host="docker")

    # ---- images ----

    def pull(self, name, platform=None, check=True):
        """Returns what it says at the end; check=False: (whether it worked, what it says)."""
        query = {"fromImage": name, **({"platform": platform} if platform else {})}
        answer = self.call("POST", "/images/create?" + urlencode(query))
        lines = [json.loads(line) for line in answer.text.splitlines()]
        problem = next((line["error"] for line in lines if "error" in line), None)
        if answer.status != 200:
            problem = lines[0]["message"]
        if not check:
            return problem is None, problem or lines[-1]["status"]
        if problem:
            raise tools.ToolFailed(f"docker pull {name}: {problem}\n{self.log()[-3000:]}")
        return lines[-1]["status"]

    def inspect(self, name):
        """None if it is not there."""
        answer = self.call("GET", f"/images/{name}/json")
        return answer.json() if answer.status == 200 else None

    def save(self, *names):
        """docker save: the archive's bytes."""
        answer = self.call("GET", "/images/get?" + urlencode([("names", name) for name in names]))
        assert answer.status == 200, f"docker save {names}: {answer.body[:300]}"
        return answer.body

    def load(self, archive):
        """docker load. Returns what it says."""
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(len(archive))}
        answer = client.fetch(self._socket, "/images/load?quiet=1", "POST", headers, body=archive, host="docker")
        assert answer.status == 200 and "errorDetail" not in answer.text, f"docker load: {answer.body[:1000]}"
        return answer.text

    def names(self):
        """What it holds, as remove() takes it."""
        return [image["Id"] for image in self.call("GET", "/images/json").json()]

    def remove(self, name):
        answer = self.call("DELETE", f"/images/{name}?force=1")
        assert answer.status == 200, f"docker rmi {name}: {answer.body}"

    def endpoints_tried(self, repository):
        """Where it asked for the repository since it has these mirrors, by its log."""
        log = self.log()[self._mirrors_since :]
        return set(re.findall(rf"Trying to pull {re.escape(repository)} from (\S+)", log))

    def run(self, image):
        """Runs the image's own command; returns its output."""
        made = self.call("POST", "/containers/create", {"Image": image, "HostConfig": {"NetworkMode": "none"}})
        assert made.status == 201, f"docker create {image}: {made.body}"
        one = f"/containers/{made.json()['Id']}"
        started = self.call("POST", f"{one}/start")
        assert started.status == 204, f"docker start {image}: {started.body}\n{self.log()[-2000:]}"
        status = self.call("POST", f"{one}/wait").json()["StatusCode"]
        output = plain_log(self.call("GET", f"{one}/logs?stdout=1&stderr=1").body)
        self.call("DELETE", f"{one}?force=1")
        assert status == 0, f"docker run {image}: status {status}: {output}"
        return output

    def stop(self):
        tools.stop(self.process)


def plain_log(body):
    """The log of a container is in frames: kind, 3 zero bytes, 4 bytes of length, text."""
    text = b""
    while body:
        length = int.from_bytes(body[4:8], "big")
        text += body[8 : 8 + length]
        body = body[8 + length :]
    return text.decode()
