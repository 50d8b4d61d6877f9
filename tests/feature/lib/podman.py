"""podman with a store of its own."""

import os
import signal

from lib import tools


class Podman:
    def __init__(self, folder, mirrors):
        """mirrors: see mirror_conf(). folder: its path must be short, of 40 characters at most."""
        tools.require("podman", "runc")
        self.folder = folder
        variables = tools.environment(folder / "home")
        variables["CONTAINERS_REGISTRIES_CONF"] = str(tools.mirror_conf(folder, mirrors))
        self._environment = variables

    def podman(self, *arguments, **options):
        command = ["podman", "--root", self.folder / "root", "--runroot", self.folder / "run"]
        command += ["--storage-driver", "vfs", "--events-backend", "none", "--cgroup-manager", "cgroupfs"]
        return tools.run([*command, *arguments], self._environment, **options)

    def pull(self, name, *options):
        """Returns the image's ID."""
        return self.podman("pull", "--quiet", *options, name).strip()

    def run(self, name):
        """crun refuses machines whose control groups are of both versions, and only a full root may raise limits."""
        limits = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=512:512"]
        return self.podman("--runtime", "runc", "run", "--rm", "--network", "none", *limits, name)

    def stop(self):
        """Whoever is not root has a process that podman leaves behind to hold its name spaces, with our output open."""
        pause = self.folder / "home" / "libpod" / "tmp" / "pause.pid"
        if pause.exists():
            os.kill(int(pause.read_text()), signal.SIGKILL)
