"""Builds real wheels and sdists, the same bytes every time for the same arguments."""

import base64
import gzip
import hashlib
import io
import random
import re
import tarfile
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

ZIP_DATE = (2024, 1, 1, 0, 0, 0)
TAR_DATE = 1704067200


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def module_name(name):
    return normalize(name).replace("-", "_")


@dataclass
class Dist:
    """One distribution file and what an index tells about it. Fixtures share them: dataclasses.replace() makes another
    one, nobody writes into one, and so its bytes are hashed once."""

    name: str
    version: str
    filename: str
    data: bytes
    metadata: bytes = None  # of a wheel
    requires_python: str = None
    yanked: object = None  # None, True, or the reason
    upload_time: str = "2024-01-02T03:04:05.678901Z"
    provenance: str = None
    extra: dict = field(default_factory=dict)  # further members of its JSON entry

    @property
    def project(self):
        return normalize(self.name)

    @cached_property
    def sha256(self):
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def md5(self):
        return hashlib.md5(self.data).hexdigest()

    @cached_property
    def metadata_sha256(self):
        return hashlib.sha256(self.metadata).hexdigest()

    @cached_property
    def official_path(self):
        """The path below /packages/ that the official index would give it."""
        hexes = hashlib.blake2b(self.data, digest_size=32).hexdigest()
        return f"{hexes[:2]}/{hexes[2:4]}/{hexes[4:]}/{quote(self.filename, safe='+!')}"

    @property
    def path(self):
        """The same as a request target."""
        return "/packages/" + self.official_path


def noise(count, seed):
    """Incompressible bytes."""
    return random.Random(seed).randbytes(count)


def for_extra(requirement, extra):
    """As setuptools writes it."""
    what, _, marker = (part.strip() for part in requirement.partition(";"))
    return f'{what}; ({marker}) and extra == "{extra}"' if marker else f'{what}; extra == "{extra}"'


def metadata_text(name, version, requires=(), extras=None, requires_python=None):
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Summary: a test package"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, requirements in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {for_extra(requirement, extra)}" for requirement in requirements]
    return ("\n".join(lines) + "\n\nA package built by the tests.\n").encode()


def zip_bytes(files, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), data, compression)
    return out.getvalue()


def record_line(name, data):
    hashed = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={hashed},{len(data)}\n"


def wheel_bytes(name, version, files, metadata, compression=zipfile.ZIP_DEFLATED):
    info = f"{re.sub(r'[-_.]+', '_', name)}-{version}.dist-info"
    files = list(files) + [
        (f"{info}/METADATA", metadata),
        (f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    ]
    record = "".join(record_line(*item) for item in files) + f"{info}/RECORD,,\n"
    return zip_bytes(files + [(f"{info}/RECORD", record.encode())], compression)


def make_wheel(name, version, requires=(), extras=None, requires_python=None, size=0, filler="", **told):
    """A wheel with one module; importing it gives `version`. size: so many incompressible bytes beside it.
    filler: any text, makes other bytes under the same name. told: what else the index says (yanked, ...)."""
    metadata = metadata_text(name, version, requires, extras, requires_python)
    module = module_name(name)
    files = [(f"{module}/__init__.py", f"version = {version!r}\n{filler}".encode())]
    if size:
        files.append((f"{module}/data.bin", noise(size, f"{name} {version}")))
    data = wheel_bytes(name, version, files, metadata, zipfile.ZIP_STORED if size else zipfile.ZIP_DEFLATED)
    filename = f"{re.sub(r'[-_.]+', '_', name)}-{version}-py3-none-any.whl"
    return Dist(name, version, filename, data, metadata, requires_python, **told)


# A build back end of its own, so that building needs no package at all.
BACKEND = '''
import base64, hashlib, zipfile

NAME, VERSION, METADATA = {name!r}, {version!r}, {metadata!r}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = NAME + "-" + VERSION + ".dist-info"
    files = [(NAME + "/__init__.py", "version = %r\\n" % VERSION), (info + "/METADATA", METADATA),
             (info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")]
    lines = [name + ",sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
             .rstrip(b"=").decode() + "," + str(len(text.encode())) + "\\n" for name, text in files]
    files.append((info + "/RECORD", "".join(lines) + info + "/RECORD,,\\n"))
    filename = NAME + "-" + VERSION + "-py3-none-any.whl"
    with zipfile.ZipFile(wheel_directory + "/" + filename, "w") as archive:
        for name, text in files:
            archive.writestr(name, text)
    return filename
'''


def tar_gz_bytes(files):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), TAR_DATE
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(tar.getvalue(), mtime=TAR_DATE)


def make_sdist(name, version, requires=(), setuptools=False, build_requires=(), **told):
    """An sdist that builds without the network, or, with setuptools=True, by setup.py and setuptools from the index.
    build_requires: what its build asks for, too."""
    module = module_name(name)
    metadata = metadata_text(name, version, requires)
    needed = ", ".join(f'"{requirement}"' for requirement in [*(["setuptools"] if setuptools else []), *build_requires])
    if setuptools:
        listed = ", ".join(repr(requirement) for requirement in requires)
        files = [
            ("setup.py", f"from setuptools import setup\nsetup(name={name!r}, version={version!r}, "
                         f"packages=[{module!r}], install_requires=[{listed}])\n".encode()),
            ("pyproject.toml", f'[build-system]\nrequires = [{needed}]\n'
                               'build-backend = "setuptools.build_meta"\n'.encode()),
            (f"{module}/__init__.py", f"version = {version!r}\n".encode()),
        ]
    else:
        backend = BACKEND.format(name=module, version=version, metadata=metadata.decode())
        files = [
            ("pyproject.toml", f'[build-system]\nrequires = [{needed}]\nbuild-backend = "backend"\n'
                               'backend-path = ["."]\n'.encode()),
            ("backend.py", backend.encode()),
        ]
    stem = f"{module}-{version}"
    data = tar_gz_bytes([(f"{stem}/{path}", text) for path, text in files + [("PKG-INFO", metadata)]])
    return Dist(name, version, f"{stem}.tar.gz", data, **told)


def load_wheel(path):
    """A wheel of somebody else's making."""
    name, version = Path(path).name.split("-")[:2]
    data = Path(path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        metadata = archive.read(f"{name}-{version}.dist-info/METADATA")
    return Dist(name, version, Path(path).name, data, metadata)


def pack_installed(module, version):
    """A wheel made of an installed pure module, for build tools that the system has only unpacked."""
    root = Path(module.__file__).parent
    files = [(f"{root.name}/{path.relative_to(root)}", path.read_bytes()) for path in sorted(root.rglob("*.py"))]
    metadata = metadata_text(root.name, version)
    entry_points = f"[distutils.commands]\nbdist_wheel = {root.name}.bdist_wheel:bdist_wheel\n".encode()
    files.append((f"{root.name}-{version}.dist-info/entry_points.txt", entry_points))
    data = wheel_bytes(root.name, version, files, metadata)
    return Dist(root.name, version, f"{root.name}-{version}-py3-none-any.whl", data, metadata)


SYSTEM_WHEELS = sorted(Path("/usr/share/python-wheels").glob("*.whl"))


def build_tools():
    """The system's setuptools, and wheel where setuptools needs it."""
    tools = [load_wheel(path) for path in SYSTEM_WHEELS if path.name.startswith("setuptools-")]
    assert tools, "the system's setuptools wheel (python3-setuptools-whl) is not installed"
    if int(tools[0].version.split(".")[0]) < 71:
        import wheel

        tools.append(pack_installed(wheel, wheel.__version__))
    return tools
