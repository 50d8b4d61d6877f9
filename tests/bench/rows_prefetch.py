"""Rows about filling a store in advance and moving it: prefetch, resolution, export and import. What a round has written
stays until the row ends: ext4 without a journal is slow to make files for a minute after others were removed."""

import os
import subprocess
import sys
import time

from lab import BenchError
from load import Line, alternate
from trees import Tree, wheel

FILES = 2000
FILE_SIZE = 60 << 10
CLOSURE = 100
TARGET = ["--python", "%d.%d" % sys.version_info[:2], "--platform", "linux_x86_64"]
PIP_ENVIRONMENT = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                   "PIP_NO_CACHE_DIR": "1", "PIP_NO_INPUT": "1", "no_proxy": "*"}


def run(command, **options):
    """To its end; returns the seconds it took."""
    begin = time.monotonic()
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    took_s = time.monotonic() - begin
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, command[:4]))} ... ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return took_s


def pip(command, *arguments, index):
    return run([sys.executable, "-m", "pip", command, "-q", "--index-url", index, *arguments], env=PIP_ENVIRONMENT)


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def yizhan_command(lab, name, folder, *arguments):
    return run([lab.binary, name, "-c", folder / "mirror.conf", *arguments])


# ---- prefetch ----

def many_projects(lab):
    """FILES projects of one wheel each, and the list of them."""
    tree = Tree(lab.new_folder("tree"))
    names, paths = [], []
    for i in range(FILES):
        name = f"many{i:04d}"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
        data = wheel(name, "1.0", metadata)
        entry = tree.add_file(f"{name}-1.0-py3-none-any.whl", [padded(data)])
        tree.add_metadata(entry, metadata)
        tree.add_project(name, [entry])
        names.append(f"{name}==1.0\n")
        paths.append(entry["path"])
    requirements = tree.root / "requirements.txt"
    requirements.write_text("".join(names))
    os.sync()
    return tree, requirements, paths


def padded(data):
    """A zip file may have anything before it."""
    return os.urandom(FILE_SIZE - len(data)) + data


class Fetchers:
    """The same 2,000 files into an empty place, by each in his way. Returns files a second."""

    def __init__(self, lab):
        self.lab = lab
        self.tree, self.requirements, paths = many_projects(lab)
        self.upstream = lab.upstream(self.tree.root)
        self.urls = self.tree.root / "urls.txt"
        self.urls.write_text("".join(self.upstream.url(path) + "\n" for path in paths))

    def done(self, took_s, count):
        os.sync()
        if count != FILES:
            raise BenchError(f"{count} files came instead of {FILES}")
        return FILES / took_s

    def by_prefetch(self):
        server = self.lab.yizhan(self.upstream)
        took_s = yizhan_command(self.lab, "prefetch", server.folder, "-r", self.requirements, *TARGET, "--no-deps",
                                "--quiet")
        self.lab.stop(server, remove=False)
        held = [path for path in files_in(server.folder / "store" / "blobs") if path.stat().st_size == FILE_SIZE]
        return self.done(took_s, len(held))

    def by_pip(self):
        folder = self.lab.new_folder("pip")
        took_s = pip("download", "--no-deps", "-d", folder, "-r", self.requirements,
                     index=self.upstream.url("/simple/"))
        return self.done(took_s, len(files_in(folder)))

    def by_aria2c(self):
        folder = self.lab.new_folder("aria2c")
        took_s = run(["aria2c", "-q", "--no-conf", "-j16", "-s1", "--file-allocation=none", "-d", folder, "-i", self.urls])
        return self.done(took_s, len(files_in(folder)))

    def by_wget(self):
        """wget itself fetches one after the other: sixteen of them, with a sixteenth of the list each."""
        folder = self.lab.new_folder("wget")
        script = 'xargs -P16 -n "$1" wget -q --no-config -P "$2" < "$3"'
        took_s = run(["sh", "-c", script, "sh", FILES // 16, folder, self.urls])
        return self.done(took_s, len(files_in(folder)))


def prefetch_files(lab, rounds, _seconds):
    """Prefetch of 2,000 files of 60 KiB from a loopback upstream, pages and digests included, against those who fetch the
    files only."""
    fetchers = Fetchers(lab)
    speeds = alternate(rounds, "files/s", {"yizhan": fetchers.by_prefetch, "pip download": fetchers.by_pip,
                                           "aria2c, 16 in parallel": fetchers.by_aria2c,
                                           "16 x wget": fetchers.by_wget})
    bounds = {"pip download": (">=", 3.0), "aria2c, 16 in parallel": (">=", 1.0), "16 x wget": (">=", 1.0)}
    lab.stop(fetchers.upstream)
    return [Line("prefetch_files", "prefetch of 2,000 files of 60 KiB", speeds["yizhan"], name, speeds[name],
                 bound=bounds.get(name)) for name in speeds if name != "yizhan"]


# ---- resolution ----

def closure(lab):
    """CLOSURE projects of ten versions each. Each wants some of the next ones, so that the first wants all."""
    tree = Tree(lab.new_folder("tree"))
    for i in range(CLOSURE):
        name, entries = f"part{i:03d}", []
        wanted = {k for k in (i + 1, i + 2, 2 * i + 1, 2 * i + 2) if k < CLOSURE}
        for version in range(10):
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: 1.{version}", "Requires-Python: >=3.8"]
            lines += [f"Requires-Dist: part{k:03d}>=1.{version // 2},<2" for k in sorted(wanted)]
            lines += [f'Requires-Dist: never{k:03d}; sys_platform == "win32"' for k in wanted]
            metadata = ("\n".join(lines) + "\n").encode()
            entry = tree.add_file(f"{name}-1.{version}-py3-none-any.whl", [wheel(name, f"1.{version}", metadata)])
            tree.add_metadata(entry, metadata)
            entries.append(entry)
        tree.add_project(name, entries)
    return tree


def resolution(lab, rounds, _seconds):
    """The closure of 100 packages, against pip's own resolver on the same hot mirror."""
    upstream = lab.upstream(closure(lab).root)
    server = lab.yizhan(upstream)
    requirements = server.folder / "requirements.txt"
    requirements.write_text("part000\n")
    yizhan_command(lab, "prefetch", server.folder, "-r", requirements, *TARGET, "--quiet")
    if len(list((server.folder / "store" / "blobs").rglob("?" * 62))) < 2 * CLOSURE:
        raise BenchError("the closure is not what it should be")

    def by_yizhan():
        return yizhan_command(lab, "prefetch", server.folder, "-r", requirements, *TARGET, "--dry-run") * 1000

    def by_pip():
        return pip("install", "--dry-run", "--ignore-installed", "--target", server.folder / "nowhere", "-r",
                   requirements, index=server.url("/simple/")) * 1000

    times = alternate(rounds, "ms", {"yizhan": by_yizhan, "pip": by_pip})
    lab.stop(server)
    lab.stop(upstream)
    return [Line("resolution", "resolution of a closure of 100 packages, hot mirror", times["yizhan"],
                 "pip install --dry-run", times["pip"], bound=("<=", 0.5))]


# ---- bundles ----

class Movers:
    """A store of 2,000 files as one file and back. Returns MB a second."""

    def __init__(self, lab):
        self.lab = lab
        tree, requirements, _ = many_projects(lab)
        upstream = lab.upstream(tree.root)
        server = lab.yizhan(upstream)
        self.folder = server.folder
        yizhan_command(lab, "prefetch", self.folder, "-r", requirements, *TARGET, "--no-deps", "--quiet")
        lab.stop(server, remove=False)
        lab.stop(upstream)
        self.blobs = self.folder / "store" / "blobs"
        self.bytes = sum(path.stat().st_size for path in files_in(self.blobs))
        self.bundle = self.folder / "bundle.tar"
        self.archive = self.folder / "files.tar"
        self.export()
        self.pack()

    def rate(self, took_s):
        os.sync()
        return self.bytes / took_s / 1e6

    def export(self):
        self.bundle.unlink(missing_ok=True)
        took_s = yizhan_command(self.lab, "export", self.folder, "--all", "-o", self.bundle)
        if self.bundle.stat().st_size < self.bytes:
            raise BenchError("the bundle lacks something")
        return self.rate(took_s)

    def imported(self):
        folder = self.lab.new_folder("imported")
        text = (self.folder / "mirror.conf").read_text()
        (folder / "mirror.conf").write_text(text.replace(str(self.folder), str(folder)))
        rate = self.rate(yizhan_command(self.lab, "import", folder, self.bundle))
        if sum(path.stat().st_size for path in files_in(folder / "store" / "blobs")) != self.bytes:
            raise BenchError("the import lacks something")
        return rate

    def pack(self):
        """tar, and sha256sum of the files."""
        script = 'tar -cf "$2" -C "$1" . && cd "$1" && find . -type f -print0 | xargs -0 sha256sum > "$2.sums" && sync -d "$2"'
        return self.rate(run(["sh", "-c", script, "sh", self.blobs, self.archive]))

    def unpack(self):
        folder = self.lab.new_folder("unpacked")
        script = 'tar -xf "$2" -C "$1" && cd "$1" && sha256sum --quiet -c "$2.sums" && sync -f "$1"'
        return self.rate(run(["sh", "-c", script, "sh", folder, self.archive]))


def bundles(lab, rounds, _seconds):
    """Export and import of a store of 2,000 files, against tar and sha256sum of the same files."""
    movers = Movers(lab)
    speeds = alternate(rounds, "MB/s", {"export": movers.export, "pack": movers.pack, "import": movers.imported,
                                        "unpack": movers.unpack})
    return [Line("bundles", "export of 2,000 files", speeds["export"], "tar, sha256sum", speeds["pack"],
                 bound=(">=", 0.5)),
            Line("bundles", "import of 2,000 files", speeds["import"], "tar -x, sha256sum -c", speeds["unpack"],
                 bound=(">=", 0.5))]
