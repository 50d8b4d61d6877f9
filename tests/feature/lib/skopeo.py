"""skopeo and buildah."""

import json

from lib import tools


class Skopeo:
    def __init__(self, folder, mirrors=None):
        """mirrors: see mirror_conf()."""
        tools.require("skopeo")
        self.folder = folder
        self._environment = tools.environment(folder / "home")
        self._registries = tools.mirror_conf(folder, mirrors or {})

    def skopeo(self, *arguments, **options):
        command = ["skopeo", "--insecure-policy", "--registries-conf", self._registries, *arguments]
        return tools.run(command, self._environment, **options)

    def copy(self, source, target, *arguments, **options):
        insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
        return self.skopeo("copy", *insecure, *arguments, source, target, **options)

    def inspect(self, source, *arguments):
        return json.loads(self.skopeo("inspect", "--tls-verify=false", *arguments, source))

    def list_tags(self, source):
        return json.loads(self.skopeo("list-tags", "--tls-verify=false", source))["Tags"]

    def fetch_all(self, source):
        """Everything of an image as {file name: bytes}: all platforms, manifests as they came."""
        target = self.folder / f"fetched{len(list(self.folder.glob('fetched*')))}"
        self.copy(source, f"dir:{target}", "--all", "--preserve-digests")
        return {path.name: path.read_bytes() for path in target.iterdir()}


def buildah_layout(folder, files, command):
    """An image that buildah makes from files {name: bytes}, as an OCI layout; all files are executable."""
    tools.require("buildah")
    variables = tools.environment(folder / "home")

    def buildah(*arguments):
        base = ["buildah", "--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]
        return tools.run([*base, *arguments], variables).strip()

    made = buildah("from", "scratch")
    for name, data in files.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o755)
        buildah("copy", made, folder / name, f"/{name}")
    buildah("config", "--cmd", json.dumps(command), made)
    buildah("commit", "--rm", made, f"oci:{folder / 'layout'}:built")
    return folder / "layout"
