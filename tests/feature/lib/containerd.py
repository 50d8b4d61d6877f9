"""containerd with folders of its own, and ctr."""

import re
import subprocess
import time

from lib import skips, tools
from lib.wait import PATIENCE_S

CONFIG = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/sock"
"""


class Containerd:
    def __init__(self, folder):
        tools.require("containerd", "ctr")
        skips.require_root()
        skips.require_mounts()
        folder.mkdir(parents=True)
        self.folder = folder
        self._environment = tools.environment(folder / "home")
        self._log = folder / "log"
        self._hosts = folder / "hosts"
        (folder / "config.toml").write_text(CONFIG.format(folder=folder))
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                ["containerd", "--config", str(folder / "config.toml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        if not self._wait_ready():
            self.stop()
            skips.skip(skips.Reason.DOES_NOT_START, f"containerd: {self._log.read_text()[-2000:]}")

    def _wait_ready(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.ctr("version", check=False)[0] == 0:
                return True
            time.sleep(0.05)
        return False

    def ctr(self, *arguments, **options):
        return tools.run(["ctr", "--address", self.folder / "sock", *arguments], self._environment, **options)

    def use_mirror(self, registry, url):
        """hosts.toml: the mirror, and behind it nothing that answers."""
        folder = self._hosts / registry
        folder.mkdir(parents=True, exist_ok=True)
        text = f'server = "http://127.0.0.1:1"\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n'
        (folder / "hosts.toml").write_text(text)

    def pull(self, name, *arguments, **options):
        command = ["images", "pull", "--hosts-dir", self._hosts, "--snapshotter", "native", "--local"]
        if "--local" not in self._pull_help():
            command.remove("--local")
        return self.ctr(*command, *arguments, name, **options)

    def _pull_help(self):
        if not hasattr(self, "_help"):
            self._help = self.ctr("images", "pull", "--help")
        return self._help

    def fetch(self, name):
        """All platforms; nothing is unpacked."""
        return self.ctr("content", "fetch", "--hosts-dir", self._hosts, "--all-platforms", name)

    def digest(self, name):
        """The digest of an image that it holds; None if it has none of this name."""
        found = re.search(rf"^{re.escape(name)}\s+\S+\s+(\S+)", self.ctr("images", "ls"), re.MULTILINE)
        return found and found[1]

    def content(self, digest):
        return self.ctr("content", "get", digest)

    def remove(self, name):
        self.ctr("images", "rm", "--sync", name)

    def stop(self):
        tools.stop(self.process)
