"""Generated universes: small indexes with all that decides a resolution, and what somebody wants of them."""

import html
from dataclasses import dataclass

from lib.packages import metadata_text

GLIBC_MINORS = range(28, 4, -1)


def glibc_platforms(arch):
    """What runs on glibc 2.28, the best first."""
    old = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    for minor in GLIBC_MINORS:
        yield f"manylinux_2_{minor}_{arch}"
        if minor in old and (minor == 17 or arch == "x86_64"):
            yield f"{old[minor]}_{arch}"
    yield f"linux_{arch}"


@dataclass(frozen=True)
class Target:
    name: str  # ours
    platforms: tuple  # pip's
    os_name: str
    sys_platform: str
    system: str
    machine: str
    release: str

    def environment(self, python):
        return {
            "python_version": python,
            "python_full_version": python + ".0",
            "implementation_name": "cpython",
            "implementation_version": python + ".0",
            "platform_python_implementation": "CPython",
            "os_name": self.os_name,
            "sys_platform": self.sys_platform,
            "platform_system": self.system,
            "platform_machine": self.machine,
            "platform_release": self.release,
            "platform_version": "",
        }


TARGETS = [
    Target("linux_x86_64", tuple(glibc_platforms("x86_64")), "posix", "linux", "Linux", "x86_64", ""),
    Target("linux_aarch64", tuple(glibc_platforms("aarch64")), "posix", "linux", "Linux", "aarch64", ""),
    Target("win_amd64", ("win_amd64",), "nt", "win32", "Windows", "AMD64", "10"),
    Target("macosx_arm64", ("macosx_14_0_arm64",), "posix", "darwin", "Darwin", "arm64", "23.0.0"),
]
PYTHONS = ["3.9", "3.10", "3.11", "3.12"]

WHEEL_TAGS = [
    ["py3-none-any"],
    ["py2.py3-none-any", "py3-none-any"],
    ["cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp311-cp311-manylinux2014_x86_64",
     "cp310-cp310-manylinux_2_17_aarch64", "cp310-cp310-win_amd64", "cp311-cp311-macosx_11_0_arm64"],
    ["cp38-abi3-manylinux_2_28_x86_64", "cp39-abi3-win_amd64", "cp37-abi3-macosx_10_12_universal2", "py3-none-any"],
    ["cp310-cp310-linux_x86_64", "cp311-abi3-manylinux_2_31_x86_64", "cp310-none-any"],
    ["cp311-cp311-musllinux_1_1_x86_64", "py3-none-win_amd64", "py3-none-manylinux1_x86_64"],
]
MARKERS = [
    'python_version < "3.11"', 'python_version >= "3.10"', 'python_full_version >= "3.10.1"', 'sys_platform == "win32"',
    'sys_platform != "win32"', 'platform_machine == "aarch64" or platform_machine == "arm64"', 'os_name == "posix"',
    'platform_system == "Darwin"', 'implementation_name == "pypy"', 'platform_python_implementation != "PyPy"',
    'python_version in "3.9 3.10"', 'platform_release >= "3"',
]
REQUIRES_PYTHON = [">=3.7", ">=3.10", ">=3.11", "<3.12", ">=3.8,!=3.10.*", ">2.7", "~=3.9", ">=3.12", "!=3.11.0", "<4"]


class Maker:
    """One universe. The chances are chosen once for each, so that there are plain ones and strange ones."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.projects = [f"p{letter}" for letter in "abcdefghij"[: rnd.randint(2, 8)]]
        self.chance = {
            name: rnd.choice([0, 0, 0.1, 0.3])
            for name in ("marker", "python", "yanked", "pre", "local", "tags", "sdist", "extra", "constraint", "meta")
        }
        self.formats = rnd.choice([0, 0, 0, 0.2, 0.5])
        self.density = rnd.choice([0.5, 1, 1, 1.5, 2, 3])
        self.strict = rnd.choice([0.2, 0.5, 0.5, 0.8])
        self.extras = {project: rnd.sample(["x", "y", "z.z"], rnd.choice([0, 1, 2])) for project in self.projects}
        self.versions = {project: self.some_versions() for project in self.projects}

    def happens(self, name):
        return self.rnd.random() < self.chance[name]

    # ---- versions ----

    def some_versions(self):
        rnd = self.rnd
        found = []
        for major in range(rnd.choice([1, 1, 2])):
            for minor in range(rnd.randint(1, 4)):
                text = rnd.choice([f"{major + 1}.{minor}", f"{major + 1}.{minor}.0"])
                if self.happens("pre"):
                    text += rnd.choice(["a1", "b2", "rc1", ".dev3", ".post1", ".post1.dev2"])
                if self.happens("local"):
                    text += rnd.choice(["+cpu", "+1.2", "+abc.1"])
                found.append(text)
                if self.happens("local"):
                    found.append(text.partition("+")[0] + "+other")
        return sorted(set(found))

    def specifier(self, project, arbitrary=False):
        """Mostly of versions that there are. arbitrary: "===" may be, of which pip loses the end before a marker."""
        rnd = self.rnd
        version = rnd.choice(self.versions[project])
        plain = version.partition("+")[0]
        kind = rnd.choice([">=", ">=", "<", "<=", "==", "==*", "!=", "~=", ">", "range", "!=*"])
        if arbitrary and rnd.random() < 0.1:
            return f"==={version}"
        if kind == "==*" or kind == "!=*":
            return f"{kind[:2]}{plain.split('.')[0]}.*"
        if kind == "~=":
            return f"~={plain.split('.')[0]}.{rnd.randint(0, 2)}"
        if kind == "range":
            return f">={rnd.choice(self.versions[project]).partition('+')[0]},<{plain}"
        return kind + (version if kind in ("==", "!=") else plain)

    def requirement(self, project, specifier_chance=None):
        rnd = self.rnd
        text = project
        if self.happens("extra"):
            known = self.extras[project] or ["unknown"]
            text += f"[{','.join(rnd.sample(known, rnd.randint(1, len(known))))}]"
        if rnd.random() < (self.strict if specifier_chance is None else specifier_chance):
            text += self.specifier(project)
        if self.happens("marker"):
            text += "; " + rnd.choice(MARKERS)
        return text

    # ---- files ----

    def dependencies(self, project):
        rnd = self.rnd
        count = min(int(rnd.expovariate(1 / self.density)), 5)
        return [self.requirement(rnd.choice(self.projects)) for _ in range(count)]

    def metadata(self, project, version):
        extras = {}
        for extra in self.extras[project]:
            if self.rnd.random() < 0.8:
                extras[extra] = self.dependencies(project)
        python = self.rnd.choice(REQUIRES_PYTHON) if self.happens("meta") else None
        return metadata_text(project, version, self.dependencies(project), extras, python)

    def names(self, project, version):
        """Of the files of a version; all have the same metadata, as they should."""
        names = []
        if self.happens("tags"):
            tags = self.rnd.choice(WHEEL_TAGS)
            for tag in self.rnd.sample(tags, self.rnd.randint(1, len(tags))):
                build = self.rnd.choice(["", "", "", "1-", "2a-", "10-"])
                names.append(f"{project}-{version}-{build}{tag}.whl")
        else:
            names.append(f"{project}-{version}-py3-none-any.whl")
        if self.happens("sdist"):
            names.append(f"{project}-{version}.tar.gz")
            if self.rnd.random() < 0.5:
                del names[0]
        return names

    def link(self, name, python, yanked):
        attributes = f'href="/files/{name}" data-dist-info-metadata="true" data-core-metadata="true"'
        if python:
            attributes += f' data-requires-python="{html.escape(python)}"'
        if yanked:
            attributes += ' data-yanked="broken"'
        return f"<a {attributes}>{name}</a><br>\n"

    def format_control(self):
        """What pip's options --only-binary and --no-binary come to: a project is in one of the two."""
        rnd = self.rnd
        control = {"only_binary": [], "no_binary": []}
        if rnd.random() < self.formats / 2:
            control[rnd.choice(list(control))].append(":all:")
        for project in self.projects:
            if rnd.random() < self.formats:
                control[rnd.choice(list(control))].append(project)
        return control

    def make(self):
        """A question of tests/tools/resolver.c, and its target."""
        rnd = self.rnd
        pages, metadata = {}, {}
        for project in self.projects:
            links = []
            for version in self.versions[project]:
                text = self.metadata(project, version).decode()
                python = rnd.choice(REQUIRES_PYTHON) if self.happens("python") else None
                yanked = self.happens("yanked")
                for name in self.names(project, version):
                    links.append(self.link(name, python, yanked != (yanked and rnd.random() < 0.1)))
                    metadata[name] = text
            rnd.shuffle(links)
            pages[project] = f"<!DOCTYPE html><html><body>\n{''.join(links)}</body></html>\n"
        wanted = rnd.sample(self.projects, rnd.randint(1, min(4, len(self.projects))))
        target = rnd.choice(TARGETS)
        question = {
            "python": rnd.choice(PYTHONS),
            "platform": target.name,
            "requirements": [self.requirement(project, 0.3) for project in wanted],
            "constraints": [p + self.specifier(p, arbitrary=True) for p in self.projects if self.happens("constraint")],
            "prereleases": rnd.random() < 0.1,
            "sdists": rnd.random() < 0.5,
            "pages": pages,
            "metadata": metadata,
        }
        if question["sdists"]:
            question.update(self.format_control())
        return question, target
