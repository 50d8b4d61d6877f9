"""Real lists of requirements, rebuilt: projects with the names, the metadata and the kinds of files that the real ones
have, but next to nothing in the files. Several versions of each, so that there is something to choose.

    PURE      py3-none-any, and an sdist
    PURE2     the same for py2.py3
    BINARY    a wheel for each CPython and platform, and an sdist
    ABI3      a wheel of the stable ABI for each platform
    PLATFORM  a wheel for each platform, for any Python 3
    SDIST     no wheel at all, built by a setup.py as old as the hills
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from lib.packages import Dist, load_wheel, make_sdist, make_wheel, metadata_text, module_name, tar_gz_bytes
from lib.pip_resolver import HOST
from lib.tree import JSON_TYPE, Tree

PURE, PURE2, BINARY, ABI3, PLATFORM, SDIST = "pure", "pure2", "binary", "abi3", "platform", "sdist"

PLATFORMS = [
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "musllinux_1_1_x86_64",
    "win_amd64",
    "win32",
    "macosx_11_0_arm64",
    "macosx_10_9_x86_64",
]


@dataclass(frozen=True)
class Release:
    name: str
    version: str
    kind: str
    requires_python: str
    requires: tuple
    extras: tuple = ()  # (name, (requirement, ...))


def releases(name, versions, kind=PURE, python=">=3.8", requires=(), extras=()):
    """Several versions with the same metadata."""
    return [Release(name, version, kind, python, tuple(requires), tuple(extras)) for version in versions.split()]


FLASK = [
    *releases("Flask", "2.2.5 2.3.3", python=">=3.8", requires=[
        "Werkzeug>=2.2.2", "Jinja2>=3.0", "itsdangerous>=2.0", "click>=8.0",
        'importlib-metadata>=3.6.0; python_version < "3.10"'],
        extras=[("async", ("asgiref>=3.2",)), ("dotenv", ("python-dotenv",))]),
    *releases("Flask", "3.0.3", python=">=3.8", requires=[
        "Werkzeug>=3.0.0", "Jinja2>=3.1.2", "itsdangerous>=2.1.2", "click>=8.1.3", "blinker>=1.6.2",
        'importlib-metadata>=3.6.0; python_version < "3.10"'],
        extras=[("async", ("asgiref>=3.2",)), ("dotenv", ("python-dotenv",))]),
    *releases("Werkzeug", "2.2.3 2.3.8 3.0.3", requires=["MarkupSafe>=2.1.1"],
              extras=[("watchdog", ("watchdog>=2.3",))]),
    *releases("Jinja2", "3.0.3 3.1.4", python=">=3.7", requires=["MarkupSafe>=2.0"],
              extras=[("i18n", ("Babel>=2.7",))]),
    *releases("MarkupSafe", "2.0.1 2.1.5", BINARY, ">=3.7"),
    *releases("itsdangerous", "2.1.2 2.2.0"),
    *releases("click", "7.1.2 8.1.7", python=">=3.7", requires=[
        'colorama; platform_system == "Windows"', 'importlib-metadata; python_version < "3.8"']),
    *releases("colorama", "0.4.5 0.4.6", PURE2, "!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,!=3.5.*,!=3.6.*,>=2.7"),
    *releases("blinker", "1.6.2 1.8.2"),
    *releases("importlib_metadata", "7.1.0", requires=["zipp>=0.5"]),
    *releases("zipp", "3.19.2"),
    *releases("asgiref", "3.8.1", requires=['typing-extensions>=4; python_version < "3.11"']),
    *releases("typing_extensions", "4.11.0 4.12.2"),
    *releases("python-dotenv", "1.0.1"),
    *releases("gunicorn", "21.2.0 22.0.0", python=">=3.7", requires=[
        "packaging", 'importlib-metadata; python_version < "3.8"'],
        extras=[("gevent", ("gevent>=1.4.0",)), ("setproctitle", ("setproctitle",))]),
    *releases("packaging", "23.2 24.1"),
    *releases("SQLAlchemy", "1.4.52", BINARY, "!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,!=3.5.*,>=2.7", requires=[
        'importlib-metadata; python_version < "3.8"',
        'greenlet!=0.4.17; python_version >= "3" and (platform_machine == "aarch64" or (platform_machine == "ppc64le" '
        'or (platform_machine == "x86_64" or (platform_machine == "amd64" or (platform_machine == "AMD64" or '
        '(platform_machine == "win32" or platform_machine == "WIN32"))))))']),
    *releases("SQLAlchemy", "2.0.30 2.0.31", BINARY, ">=3.7", requires=[
        "typing-extensions>=4.6.0", 'importlib-metadata; python_version < "3.8"',
        'greenlet!=0.4.17; python_version < "3.13" and (platform_machine == "aarch64" or (platform_machine == '
        '"ppc64le" or (platform_machine == "x86_64" or (platform_machine == "amd64" or (platform_machine == "AMD64" '
        'or (platform_machine == "win32" or platform_machine == "WIN32"))))))'],
        extras=[("asyncio", ("greenlet!=0.4.17",)), ("postgresql_psycopg2binary", ("psycopg2-binary",))]),
    *releases("greenlet", "2.0.2 3.0.3", BINARY, ">=3.7", extras=[("test", ("objgraph", "psutil"))]),
    *releases("alembic", "1.13.1 1.13.2", requires=[
        "SQLAlchemy>=1.3.0", "Mako", "typing-extensions>=4", 'importlib-metadata; python_version < "3.9"',
        'importlib-resources; python_version < "3.9"'],
        extras=[("tz", ('backports.zoneinfo; python_version < "3.9"',))]),
    *releases("Mako", "1.3.5", requires=["MarkupSafe>=0.9.2"], extras=[("babel", ("Babel",))]),
    *releases("requests", "2.31.0 2.32.3", requires=[
        "charset-normalizer<4,>=2", "idna<4,>=2.5", "urllib3<3,>=1.21.1", "certifi>=2017.4.17"],
        extras=[("socks", ("PySocks!=1.5.7,>=1.5.6",)), ("use_chardet_on_py3", ("chardet<6,>=3.0.2",))]),
    *releases("PySocks", "1.7.1", python=">=2.7, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*"),
    *releases("urllib3", "1.26.19", PURE2, "!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,!=3.5.*,>=2.7",
              extras=[("socks", ("PySocks!=1.5.7,<2.0,>=1.5.6",))]),
    *releases("urllib3", "2.2.2", extras=[("socks", ("PySocks!=1.5.7,<2.0,>=1.5.6",)), ("h2", ("h2<5,>=4",))]),
    *releases("certifi", "2024.2.2 2024.7.4", python=">=3.6"),
    *releases("idna", "3.6 3.7", python=">=3.5"),
    *releases("charset-normalizer", "2.1.1", python=">=3.6"),
    *releases("charset-normalizer", "3.3.2", BINARY, ">=3.7.0"),
    *releases("celery", "5.3.6 5.4.0", requires=[
        "billiard<5.0,>=4.2.0", "kombu<6.0,>=5.3.4", "vine<6.0,>=5.1.0", "click<9.0,>=8.1.2",
        "click-didyoumean>=0.3.0", "click-repl>=0.2.0", "click-plugins>=1.1.1", "tzdata>=2022.7",
        "python-dateutil>=2.8.2", 'importlib-metadata>=3.6; python_version < "3.8"',
        'backports.zoneinfo>=0.2.1; python_version < "3.9"'],
        extras=[("redis", ("redis!=4.5.5,<6.0.0,>=4.5.2",)), ("sqlalchemy", ("sqlalchemy<2.1,>=1.4.48",))]),
    *releases("kombu", "5.3.7", requires=[
        "amqp<6.0.0,>=5.1.1", "vine", 'typing-extensions; python_version < "3.10"'],
        extras=[("redis", ("redis!=4.5.5,!=5.0.2,>=4.5.2",))]),
    *releases("billiard", "4.2.0", python=">=3.7"),
    *releases("amqp", "5.2.0", python=">=3.6", requires=["vine<6.0.0,>=5.0.0"]),
    *releases("vine", "5.1.0", python=">=3.6"),
    *releases("redis", "4.5.5", python=">=3.7"),
    *releases("redis", "4.6.0 5.0.8", python=">=3.7", requires=[
        'async-timeout>=4.0.3; python_full_version < "3.11.3"'], extras=[("hiredis", ("hiredis>1.0.0",))]),
    *releases("async-timeout", "4.0.3", python=">=3.7"),
    *releases("click-didyoumean", "0.3.1", python=">=3.6.2", requires=["click>=7"]),
    *releases("click-repl", "0.3.0", python=">=3.6", requires=["click>=7.0", "prompt-toolkit>=3.0.36"]),
    *releases("click-plugins", "1.1.1", PURE2, None, requires=["click>=4.0"], extras=[("dev", ("pytest>=3.6",))]),
    *releases("prompt_toolkit", "3.0.47", python=">=3.7.0", requires=["wcwidth"]),
    *releases("wcwidth", "0.2.13", PURE2, None, requires=[
        'backports.functools-lru-cache>=1.2.1; python_version < "3.2"']),
    *releases("psycopg2-binary", "2.9.9", BINARY, ">=3.7"),
]

SHARED = [
    *releases("python-dateutil", "2.8.2 2.9.0.post0", PURE2, "!=3.0.*,!=3.1.*,!=3.2.*,>=2.7", requires=["six>=1.5"]),
    *releases("six", "1.16.0", PURE2, ">=2.7, !=3.0.*, !=3.1.*, !=3.2.*"),
    *releases("tzdata", "2024.1", PURE2, ">=2"),
]

SCIENCE = [
    *releases("numpy", "1.24.4 1.26.4", BINARY, ">=3.9"),
    *releases("numpy", "2.0.1", BINARY, ">=3.9"),
    *releases("scipy", "1.11.4", BINARY, "<3.13,>=3.9", requires=["numpy<1.28.0,>=1.21.6"],
              extras=[("test", ("pytest", "threadpoolctl")), ("dev", ("mypy", "ruff"))]),
    *releases("scipy", "1.14.0", BINARY, ">=3.10", requires=["numpy<2.3,>=1.23.5"],
              extras=[("test", ("pytest", "threadpoolctl"))]),
    *releases("pandas", "1.5.3", BINARY, ">=3.8", requires=[
        "python-dateutil>=2.8.1", "pytz>=2020.1", 'numpy>=1.21.0; python_version >= "3.10"',
        'numpy>=1.23.2; python_version >= "3.11"']),
    *releases("pandas", "2.2.2", BINARY, ">=3.9", requires=[
        'numpy>=1.22.4; python_version < "3.11"', 'numpy>=1.23.2; python_version == "3.11"',
        'numpy>=1.26.0; python_version >= "3.12"', "python-dateutil>=2.8.2", "pytz>=2020.1", "tzdata>=2022.7"],
        extras=[("excel", ("openpyxl>=3.1.0",)), ("performance", ("numexpr>=2.8.4",))]),
    *releases("pytz", "2023.4 2024.1", PURE2, None),
    *releases("scikit-learn", "1.4.2 1.5.1", BINARY, ">=3.9", requires=[
        "numpy>=1.19.5", "scipy>=1.6.0", "joblib>=1.2.0", "threadpoolctl>=3.1.0"],
        extras=[("examples", ("matplotlib>=3.3.4", "pandas>=1.1.5"))]),
    *releases("joblib", "1.3.2 1.4.2"),
    *releases("threadpoolctl", "3.4.0 3.5.0"),
    *releases("matplotlib", "3.8.4", BINARY, ">=3.9", requires=[
        "contourpy>=1.0.1", "cycler>=0.10", "fonttools>=4.22.0", "kiwisolver>=1.3.1", "numpy>=1.21", "packaging>=20.0",
        "pillow>=8", "pyparsing>=2.3.1", "python-dateutil>=2.7",
        'importlib-resources>=3.2.0; python_version < "3.10"']),
    *releases("matplotlib", "3.9.1", BINARY, ">=3.9", requires=[
        "contourpy>=1.0.1", "cycler>=0.10", "fonttools>=4.22.0", "kiwisolver>=1.3.1", "numpy>=1.23", "packaging>=20.0",
        "pillow>=8", "pyparsing>=2.3.1", "python-dateutil>=2.7",
        'importlib-resources>=3.2.0; python_version < "3.10"'],
        extras=[("dev", ("meson-python>=0.13.1", "numpy>=1.25"))]),
    *releases("packaging", "23.2 24.1"),
    *releases("contourpy", "1.2.1", BINARY, ">=3.9", requires=["numpy>=1.20"]),
    *releases("cycler", "0.11.0 0.12.1"),
    *releases("importlib_resources", "6.4.0", requires=['zipp>=3.1.0; python_version < "3.10"']),
    *releases("zipp", "3.19.2"),
    *releases("fonttools", "4.53.1", BINARY, extras=[("woff", ('brotli>=1.0.1; platform_python_implementation == '
                                                              '"CPython"', "zopfli>=0.1.4"))]),
    *releases("kiwisolver", "1.4.5", BINARY, ">=3.7", requires=['typing-extensions; python_version < "3.8"']),
    *releases("pillow", "10.3.0 10.4.0", BINARY),
    *releases("pyparsing", "3.1.2", python=">=3.6.8", extras=[("diagrams", ("railroad-diagrams", "jinja2"))]),
    *releases("xgboost", "2.1.0", PLATFORM, requires=["numpy", "scipy", 'nvidia-nccl-cu12; platform_system == "Linux" '
                                                      'and platform_machine != "aarch64"']),
    *releases("nvidia-nccl-cu12", "2.22.3", PLATFORM, ">=3"),
]

ALIYUN = [
    *releases("aliyun-python-sdk-core", "2.13.36", SDIST, None, ["jmespath<1.0.0,>=0.9.3", "cryptography>=2.6.0"]),
    *releases("aliyun-python-sdk-core", "2.15.1", SDIST, None, ["jmespath<1.0.0,>=0.9.3", "cryptography>=3.0.0"]),
    *releases("aliyun-python-sdk-ecs", "4.24.71 4.24.75", SDIST, None, ["aliyun-python-sdk-core>=2.11.5"]),
    *releases("aliyun-python-sdk-rds", "2.7.43", SDIST, None, ["aliyun-python-sdk-core>=2.11.5"]),
    *releases("jmespath", "0.9.5 0.10.0", PURE2, None),
    *releases("jmespath", "1.0.1", python=">=3.7"),
    *releases("cryptography", "41.0.7 42.0.8", ABI3, ">=3.7", ['cffi>=1.12; platform_python_implementation != "PyPy"'],
              [("ssh", ("bcrypt>=3.1.5",))]),
    *releases("cffi", "1.15.1 1.16.0", BINARY, ">=3.8", ["pycparser"]),
    *releases("pycparser", "2.21 2.22"),
]


# ---- files ----


def pythons_of(release):
    """Those of before CPython 3.12 have no wheels for it."""
    old = (release.name, release.version) in {("numpy", "1.24.4"), ("pandas", "1.5.3")}
    return ["cp39", "cp310", "cp311"] + ([] if old else ["cp312"])


def tags_of(release):
    if release.kind == BINARY:
        return [f"{python}-{python}-{platform}" for python in pythons_of(release) for platform in PLATFORMS]
    if release.kind == ABI3:
        return ["cp37-abi3-manylinux_2_28_x86_64", "cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64",
                "cp37-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64", "cp37-abi3-win_amd64", "cp37-abi3-win32",
                "cp37-abi3-macosx_10_12_universal2", "cp39-abi3-manylinux_2_28_x86_64",
                "cp39-abi3-manylinux_2_28_aarch64", "cp39-abi3-win_amd64", "cp39-abi3-macosx_10_12_universal2"]
    if release.kind == PLATFORM:
        return [f"py3-none-{platform}" for platform in
                ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "win_amd64", "macosx_12_0_arm64")]
    return {PURE: ["py3-none-any"], PURE2: ["py2.py3-none-any"], SDIST: []}[release.kind]


def wheel_of(release, tag):
    """Other bytes for each tag."""
    made = make_wheel(release.name, release.version, release.requires, dict(release.extras), release.requires_python,
                      filler=f"# {tag}")
    return replace(made, filename=made.filename.replace("py3-none-any", tag))


def old_sdist(release):
    """With a setup.py, and what setuptools leaves of it: PKG-INFO without dependencies, and requires.txt."""
    module = module_name(release.name)
    listed = ", ".join(repr(requirement) for requirement in release.requires)
    setup = (f"from setuptools import setup, find_packages\nsetup(name={release.name!r}, version={release.version!r}, "
             f"packages=find_packages(), install_requires=[{listed}])\n")
    info = metadata_text(release.name, release.version)
    files = [
        ("PKG-INFO", info),
        ("setup.py", setup.encode()),
        ("setup.cfg", b"[egg_info]\ntag_build = \ntag_date = 0\n\n"),
        (f"{module}/__init__.py", f"version = {release.version!r}\n".encode()),
        (f"{module}.egg-info/PKG-INFO", info),
        (f"{module}.egg-info/requires.txt", "".join(f"{line}\n" for line in release.requires).encode()),
        (f"{module}.egg-info/top_level.txt", f"{module}\n".encode()),
    ]
    stem = f"{release.name}-{release.version}"
    data = tar_gz_bytes([(f"{stem}/{path}", text) for path, text in files])
    return Dist(release.name, release.version, f"{stem}.tar.gz", data, requires_python=release.requires_python)


def dists_of(release):
    if release.kind == SDIST:
        return [old_sdist(release)]
    sdist = make_sdist(release.name, release.version, release.requires, requires_python=release.requires_python)
    return [wheel_of(release, tag) for tag in tags_of(release)] + [sdist]


# ---- lists ----

BUILD_TOOLS = Path("/usr/share/python-wheels")

REQUIREMENTS = {
    "flask": """\
# A shop
Flask>=2.3,<4
gunicorn==22.0.0
SQLAlchemy[asyncio]~=2.0
alembic
requests[socks]>=2.31
celery[redis]>=5.3
psycopg2-binary ; platform_python_implementation == "CPython"
python-dateutil
""",
    "science": """\
numpy<2
scipy
pandas>=2
scikit-learn
matplotlib \\
    >=3.8
xgboost
""",
    "aliyun": """\
aliyun-python-sdk-core>=2.15
aliyun-python-sdk-ecs
aliyun-python-sdk-rds==2.7.43
""",
}
RELEASES = {"flask": FLASK + SHARED, "science": SCIENCE + SHARED, "aliyun": ALIYUN}


@lru_cache
def tree(name):
    """The index in which a list can be resolved, as TUNA would have it."""
    dists = [dist for release in RELEASES[name] for dist in dists_of(release)]
    if name == "aliyun":
        dists += [load_wheel(path) for path in sorted(BUILD_TOOLS.glob("*.whl")) if not path.name.startswith("pip-")]
    return Tree.tuna(dists)


@lru_cache
def memory(name):
    """The same for lib.pip_resolver. JSON, for in HTML pip 23.0 would see metadata, and refuse it where a name is
    spelled in another way than asked for."""
    answers = {HOST + path: (JSON_TYPE, pages[1]) for path, pages in tree(name).pages().items()}
    answers.update({unquote(HOST + path): ("text/plain", file.body) for path, file in tree(name).files().items()})
    return answers


def lines(name):
    """The requirements of a list, without what only a file can have."""
    text = REQUIREMENTS[name].replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def metadata_of(name, dist):
    """What a build would say of an sdist."""
    if dist.metadata:
        return dist.metadata.decode()
    (found,) = (one for one in RELEASES[name] if (one.name, one.version) == (dist.name, dist.version))
    return metadata_text(found.name, found.version, found.requires, dict(found.extras), found.requires_python).decode()
