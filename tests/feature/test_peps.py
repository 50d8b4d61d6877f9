"""Our rules of Python packaging against Python's own `packaging`, and pip's copy of it: generated versions,
specifiers, markers, requirements and tags must get the same answers. The generators are random, but begin with one
seed. Where we differ on purpose is said here and in formats/python/specifier.h and marker.h; the unit tests have those."""

import itertools
import re

import packaging
from packaging import _manylinux, _musllinux, tags, utils
from packaging.markers import UndefinedComparison
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pip._internal.exceptions import InvalidWheelFilename
from pip._internal.models.wheel import Wheel
from pip._internal.utils.compatibility_tags import get_supported

from lib.ask import REFUSED, ask
from lib.skips import Reason, skip

ORACLE = Version(packaging.__version__)
if ORACLE < Version("23.0"):
    skip(Reason.OLD_PACKAGING, "it still has rules from before PEP 440", allow_module_level=True)


def check(questions, expected):
    """`expected` has None where our answer may be any."""
    wrong = [
        (question, ours, theirs)
        for question, ours, theirs in zip(questions, ask(questions), expected)
        if theirs is not None and ours != theirs
    ]
    assert not wrong, f"{len(wrong)} of {len(questions)} differ; (question, ours, packaging's): {wrong[:10]}"


# ---- generators ----


def some(rnd, chance, *values):
    return rnd.choice(values) if rnd.random() < chance else ""


def number(rnd):
    return rnd.choice(["0", "1", "1", "2", "2", "3", "10", "00", "01", "007", "2024", "18446744073709551617"])


def suffix(rnd, words):
    """[sep] word [sep] [number]"""
    sep = ["", "", ".", "-", "_"]
    word = rnd.choice(words)
    word = rnd.choice([word, word, word, word.upper(), word.title()])
    return rnd.choice(sep) + word + rnd.choice(sep) + some(rnd, 0.8, number(rnd))


def version(rnd, local=0.15):
    text = some(rnd, 0.05, "v", "V") + some(rnd, 0.06, "0!", "1!", "2!")
    text += ".".join(number(rnd) for _ in range(rnd.choice([1, 2, 2, 2, 3, 3, 4])))
    if rnd.random() < 0.35:
        text += suffix(rnd, ["a", "b", "c", "rc", "alpha", "beta", "pre", "preview"])
    if rnd.random() < 0.25:
        text += "-" + number(rnd) if rnd.random() < 0.2 else suffix(rnd, ["post", "rev", "r"])
    if rnd.random() < 0.25:
        text += suffix(rnd, ["dev"])
    if rnd.random() < local:
        parts = [rnd.choice(["1", "01", "0", "10", "abc", "Abc", "ubuntu", "1a", "a1", "000"]) for _ in range(3)]
        text += "+" + rnd.choice(".-_").join(parts[: rnd.randint(1, 3)])
    return text


def mutated(rnd, text, alphabet, chance):
    if rnd.random() >= chance or not text:
        return text
    at = rnd.randrange(len(text))
    return text[:at] + rnd.choice(["", rnd.choice(alphabet)]) + text[at + rnd.randint(0, 1) :]


def spaces(rnd):
    return rnd.choice(["", "", "", "", "", " ", "\t", "  "])


VERSION_ALPHABET = "019.-_+!*abcrdevpost vVX~"


def some_version(rnd):
    return spaces(rnd) + mutated(rnd, version(rnd), VERSION_ALPHABET, 0.2) + some(rnd, 0.05, " ", "\n", "\t\f ")


def specifier(rnd):
    op = rnd.choice(["~=", "==", "==", "!=", "<=", ">=", "<", ">", "==="])
    text = version(rnd, local=0.3 if op in ("==", "!=", "===") else 0.02)
    if op in ("==", "!=") and rnd.random() < 0.5:
        text = ".".join(number(rnd) for _ in range(rnd.randint(1, 3))) + ".*"
    elif rnd.random() < 0.5:
        text = ".".join(str(rnd.randint(0, 2)) for _ in range(rnd.randint(1, 3))) + text[len(text) // 2 * 2 :]
    return op + spaces(rnd) + text


def specifiers(rnd):
    count = rnd.choice([1, 1, 1, 1, 2, 2, 3])
    text = (spaces(rnd) + "," + spaces(rnd)).join(specifier(rnd) for _ in range(count))
    return mutated(rnd, text, VERSION_ALPHABET + "<>=,;)", 0.1)


# ---- versions ----


def test_versions(rnd):
    """Which texts are versions, their canonical form, and whether that is a pre-release."""
    texts = [some_version(rnd) for _ in range(40000)]
    expected = []
    for text in texts:
        try:
            theirs = Version(text)
            expected.append(f"{theirs}\t{theirs.is_prerelease:d}")
        except InvalidVersion:
            expected.append(REFUSED)
    assert 2000 < expected.count(REFUSED) < 20000
    check([("version", text) for text in texts], expected)


def test_versions_order(rnd):
    versions = [Version(version(rnd, local=0.4)) for _ in range(600)]
    pairs = [(rnd.choice(versions), rnd.choice(versions)) for _ in range(40000)]
    pairs += [(a, Version(str(a) + more)) for a in versions if not a.local for more in ("+0", "+a", "+a.1")]
    check([("compare", a, b) for a, b in pairs], [str((a > b) - (a < b)) for a, b in pairs])


# ---- specifiers ----


def epoch_matters(item, text):
    """`packaging` before 24.0 took an epoch for a part of the release in prefix comparisons."""
    return ORACLE < Version("24.0") and "!" in text.replace("!=", "") + item and ("*" in text or "~=" in text)


def odd_compatible(theirs):
    """A "~=" with a suffix that is not spelled canonically: `packaging` takes a part of it for the release."""
    for one in theirs:
        if one.operator == "~=" and str(Version(one.version)) != one.version:
            wanted = Version(one.version)
            if wanted.pre or wanted.post is not None or wanted.dev is not None:
                return True
    return False


def contains(theirs, item, prereleases):
    """"0", "1"; "?": an exception, or another rule than ours."""
    if prereleases is None and ORACLE >= Version("24.1") and any(one.operator in "<>" for one in theirs):
        return "?"
    try:
        return f"{theirs.contains(item, prereleases=prereleases):d}"
    except InvalidVersion:
        assert any(one.operator == "===" for one in theirs)
        return "?"


def same_digits(ours, theirs):
    return len(ours) == len(theirs) and all(b in ("?", a) for a, b in zip(ours, theirs))


def check_digits(questions, expected):
    wrong = [
        (question, ours, theirs)
        for question, ours, theirs in zip(questions, ask(questions), expected)
        if not same_digits(ours, theirs)
    ]
    assert not wrong, f"{len(wrong)} differ: {wrong[:10]}"


def nothing_arbitrary(theirs):
    """We want a text behind "==="."""
    return any(one.operator == "===" and not one.version for one in theirs)


def test_specifiers_contain(rnd):
    """Which versions are in which sets, with all three ways to take pre-releases."""
    questions, expected = [], []
    for _ in range(25000):
        text = specifiers(rnd)
        try:
            theirs = SpecifierSet(text)
        except InvalidSpecifier:
            theirs = None
        for item in (version(rnd), rnd.choice(["0", "1", "1.2", "2.0"]) + some(rnd, 0.7, suffix(rnd, ["a", "dev"]))):
            if theirs is not None and (epoch_matters(item, text) or odd_compatible(theirs)):
                continue
            # In a set of theirs "===1.0" and "===1.00" are one, whichever comes first.
            if text.count("===") > 1:
                continue
            refused = theirs is None or nothing_arbitrary(theirs)
            questions.append(("contains", text, item))
            expected.append(
                REFUSED if refused else "".join(contains(theirs, Version(item), how) for how in (None, False, True))
            )
    assert len(questions) > 40000 and expected.count(REFUSED) < 12000
    assert expected.count("111") > 3000 and expected.count("001") > 300
    check_digits(questions, expected)


def test_specifiers_near(rnd):
    """Versions around the one that the specifier names, where the rules of pre-, post- and local releases are."""
    ends = ["", ".dev1", "a1", "a1.dev1", "rc1", ".post1", ".post1.dev1", "rc1.post1", "+1", ".post1+1", "a1+x", ".0"]
    bases = ["1.2", "1.2.0", "1.3", "1.1.9", "1.2.1", "1", "2"]
    versions = [base + end for base, end in itertools.product(bases, ends)]
    questions, expected = [], []
    for op in ("~=", "==", "!=", "<=", ">=", "<", ">", "==="):
        for base, end in itertools.product(["1.2", "1.2.0", "1"], ends + [".*"]):
            try:
                theirs = SpecifierSet(op + base + end)
            except InvalidSpecifier:
                theirs = None
            for item in versions:
                questions.append(("contains", op + base + end, item))
                expected.append(
                    REFUSED
                    if theirs is None
                    else "".join(contains(theirs, Version(item), how) for how in (None, False, True))
                )
    assert len(questions) > 20000
    check_digits(questions, expected)


def meanings(specifier_set):
    """Equal for equal sets; `packaging` itself does not see that 1.01.* is 1.1.*."""
    found = set()
    for one in specifier_set:
        wildcard = ".*" if one.version.endswith(".*") else ""
        plain = one.version[: len(one.version) - len(wildcard)]
        strip = one.operator != "~=" and not wildcard
        found.add(one.operator + utils.canonicalize_version(plain, strip_trailing_zero=strip).lower() + wildcard)
    return found


def test_specifiers_printed(rnd):
    """What we print means the same to `packaging`."""
    texts = [specifiers(rnd) for _ in range(5000)]
    answers = ask([("specifiers", text) for text in texts])
    good = [(text, ours) for text, ours in zip(texts, answers) if ours != REFUSED]
    assert len(good) > 3000
    for text, ours in good:
        assert meanings(SpecifierSet(ours)) == meanings(SpecifierSet(text))


# ---- markers ----

VERSION_VARIABLES = ["python_version", "python_full_version", "implementation_version"]
STRING_VARIABLES = [
    "os_name",
    "sys_platform",
    "platform_release",
    "platform_system",
    "platform_version",
    "platform_machine",
    "platform_python_implementation",
    "implementation_name",
    "os.name",
    "sys.platform",
    "platform.version",
    "platform.machine",
    "platform.python_implementation",
    "python_implementation",
]
VERSIONS = ["2.7", "3", "3.6", "3.8", "3.10", "3.10.0", "3.9.1", "3.11.2", "3.*", "3.8.*", "3.9rc1", "3.10.0b1", "4"]
STRINGS = ["posix", "nt", "linux", "win32", "darwin", "Linux", "x86_64", "arm64", "CPython", "cpython", "PyPy", "", "x"]
EXTRAS = ["test", "Test", "my-extra", "my_extra", "My.Extra", "a--b", "a_-.b", "docs"]
ENVIRONMENT = [
    ("python_version", ["2.7", "3.6", "3.8", "3.10", "3.12"]),
    ("python_full_version", ["2.7.18", "3.6.0", "3.8.10", "3.10.0b1", "3.10.12", "3.12.1"]),
    ("os_name", ["posix", "nt"]),
    ("sys_platform", ["linux", "win32", "darwin", "cygwin"]),
    ("platform_release", ["6.1.0-13-amd64", "10", "5.15", "22.1.0"]),
    ("platform_system", ["Linux", "Windows", "Darwin"]),
    ("platform_version", ["#1 SMP Debian 6.1.55-1", "10.0.19041", "1"]),
    ("platform_machine", ["x86_64", "arm64", "AMD64"]),
    ("platform_python_implementation", ["CPython", "PyPy"]),
    ("implementation_name", ["cpython", "pypy"]),
    ("implementation_version", ["3.10.12", "7.3.11", "3.12.0"]),
    ("extra", ["", "test", "my-extra", "My.Extra", "a-b"]),
]
# From 26.0 on `packaging` compares only some variables as versions.
MIXED = ORACLE < Version("26")


def environment(rnd):
    return {name: rnd.choice(values) for name, values in ENVIRONMENT}


def comparison(rnd):
    kind = rnd.random()
    op = rnd.choice(["<", "<=", "==", "==", "!=", ">=", ">", "~=", "===", "in", "not in"])
    if kind < 0.45:
        variable, values = rnd.choice(VERSION_VARIABLES), VERSIONS
    elif kind < 0.8:
        variable, values = rnd.choice(STRING_VARIABLES), STRINGS + VERSIONS if MIXED else STRINGS
    else:
        variable, values, op = "extra", EXTRAS, rnd.choice(["==", "!=", "=="])
    value = rnd.choice(values)
    if "in" in op:
        value = rnd.choice([" ", ",", ", "]).join(rnd.choice(values) for _ in range(rnd.randint(1, 3)))
    mark = rnd.choice("'\"")
    sides = [variable, mark + value + mark]
    if rnd.random() < 0.15:
        sides.reverse()
    gap = " " if "in" in op else spaces(rnd)
    return gap.join([sides[0], op, sides[1]])


def marker(rnd, depth=0):
    count = rnd.choice([1, 1, 1, 2, 2, 3])
    parts = []
    for _ in range(count):
        nested = depth < 4 and rnd.random() < 0.2
        parts.append(f"({spaces(rnd)}{marker(rnd, depth + 1)}{spaces(rnd)})" if nested else comparison(rnd))
    text = parts[0]
    for part in parts[1:]:
        text += rnd.choice([" and ", " or ", "  and  "]) + part
    return text


MARKER_ALPHABET = "()'\" <>=!~andorint_.3x,;"


def odd_comparison(text):
    """A marker with a "~=" that is odd (see there)."""
    for wanted in re.findall(r"~=\s*(?:'([^']*)'|\"([^\"]*)\")", text):
        try:
            if odd_compatible(SpecifierSet("~=" + "".join(wanted))):
                return True
        except (InvalidSpecifier, InvalidVersion):
            pass
    return False


def applies(text, values):
    """What a marker answers in a requirement, where `packaging` wants all of the text to be one."""
    try:
        theirs = Requirement("x;" + text).marker
    except (InvalidRequirement, InvalidSpecifier):
        return REFUSED
    if odd_comparison(text):
        return None
    try:
        return f"{theirs.evaluate(values):d}"
    except UndefinedComparison:
        return REFUSED
    except (InvalidVersion, KeyError):
        return None


def test_markers(rnd):
    questions, expected = [], []
    for _ in range(12000):
        text = mutated(rnd, marker(rnd), MARKER_ALPHABET, 0.1)
        for values in [environment(rnd) for _ in range(2)]:
            questions.append(("marker", text, *values.values()))
            expected.append(applies(text, values))
    known = [answer for answer in expected if answer is not None]
    assert len(known) > 16000 and min(known.count(answer) for answer in ("0", "1", REFUSED)) > 2000
    check(questions, expected)


def test_markers_printed(rnd):
    """What we print means the same to `packaging` in any environment, and to us prints alike."""
    texts = [marker(rnd) for _ in range(3000)]
    printed = ask([("print", text) for text in texts])
    assert REFUSED not in printed
    for text, ours in zip(texts, printed):
        for values in [environment(rnd) for _ in range(3)]:
            assert applies(text, values) == applies(ours, values), (text, ours)
    check([("print", text) for text in printed], printed)


# ---- requirements ----


def requirement(rnd):
    text = rnd.choice(["foo", "Foo.Bar", "foo_bar-baz", "a", "A1", "zope.interface"]) + spaces(rnd)
    if rnd.random() < 0.3:
        extras = [rnd.choice(EXTRAS) for _ in range(rnd.randint(0, 3))]
        text += "[" + spaces(rnd) + (spaces(rnd) + "," + spaces(rnd)).join(extras) + spaces(rnd) + "]" + spaces(rnd)
    kind = rnd.random()
    if kind < 0.15:
        url = ["https://example.org/foo-1.0.zip", "git+https://h/r.git@v1#egg=x", "file:///tmp/x", "http://u:p@h:1/?a;b"]
        text += "@" + spaces(rnd) + rnd.choice(url) + " "
    elif kind < 0.8:
        items = [one for one in (specifier(rnd) for _ in range(rnd.randint(1, 3))) if not one.startswith("===")]
        joined = (spaces(rnd) + "," + spaces(rnd)).join(items) + some(rnd, 0.1, ",")
        text += f"({joined})" if rnd.random() < 0.2 else joined if items else ""
    if rnd.random() < 0.4:
        text += spaces(rnd) + ";" + spaces(rnd) + marker(rnd, depth=3)
    return spaces(rnd) + text + spaces(rnd)


def parsed(text):
    """REFUSED, or None where `packaging` takes what PEP 508 has not, or looks into the URL."""
    if "===" in text.split(";")[0]:  # made by a mutation; it reads over commas
        return None
    try:
        theirs = Requirement(text)
    except (InvalidRequirement, InvalidSpecifier):
        return REFUSED
    except ValueError:  # of urllib
        return None
    if any(name.endswith("_") for name in [theirs.name, *theirs.extras]):
        return None
    return theirs


def test_requirements(rnd):
    texts = [mutated(rnd, requirement(rnd), "[](),;@ <>=!~*.-_ax1'", 0.25) for _ in range(12000)]
    accepted = 0
    for text, ours in zip(texts, ask([("requirement", text) for text in texts])):
        theirs = parsed(text)
        if theirs is None:
            continue
        # From 23.2 on `packaging` takes anything for a URL.
        if ORACLE >= Version("23.2") and "@" in text and ours == REFUSED:
            continue
        if ours == REFUSED or theirs is REFUSED:
            assert ours == theirs, (text, ours)
            continue
        accepted += 1
        printed, project, extras, versions, url, marker_text = ours.split("\t")
        again = Requirement(printed)
        assert project == utils.canonicalize_name(theirs.name) and again.name == theirs.name
        assert set(filter(None, extras.split(","))) == set(map(utils.canonicalize_name, theirs.extras))
        assert meanings(SpecifierSet(versions)) == meanings(theirs.specifier) == meanings(again.specifier)
        assert url == (theirs.url or "") == (again.url or "")
        assert bool(marker_text) == bool(theirs.marker)
        if marker_text:
            values = environment(rnd)
            assert applies(marker_text, values) == applies(str(theirs.marker), values)
    assert 5000 < accepted < 11000


# ---- wheels and tags ----


def unique(items):
    return list(dict.fromkeys(map(str, items)))


PIP_PLATFORMS = [
    "any",
    "linux_x86_64",
    "linux_aarch64",
    "win_amd64",
    "win32",
    "win_arm64",
    "manylinux1_x86_64",
    "manylinux2010_x86_64",
    "manylinux2010_i686",
    "manylinux2014_x86_64",
    "manylinux2014_i686",
    "manylinux2014_aarch64",
    "manylinux_2_17_x86_64",
    "manylinux_2_28_aarch64",
    "musllinux_1_2_x86_64",
    "macosx_11_0_arm64",
    "macosx_14_0_arm64",
    "macosx_13_2_x86_64",
    "macosx_10_9_x86_64",
    "macosx_10_15_universal2",
    "macosx_10_6_intel",
    "macosx_10_5_ppc64",
    "macosx_10_4_ppc",
    "macosx_10_6_i386",
    "macosxcustom_12_1_arm64",
    "macosx_nothing",
]
PYTHONS = [(2, 7), (3, 1), (3, 2), (3, 3), (3, 7), (3, 8), (3, 10), (3, 13), (3,)]


def target(implementation, python, abis, platforms):
    return (implementation, python[0], python[1] if len(python) > 1 else -1, ",".join(abis), *platforms)


def test_tags_pip(rnd):
    """pip's --platform, --python-version, --implementation and --abi."""
    questions, expected = [], []
    for platform, python in itertools.product(PIP_PLATFORMS, PYTHONS):
        nodot = "".join(map(str, python))
        for abis in ([], ["cp310"], ["abi3", "none"], ["cp38", "abi3", "cp38m"]):
            questions.append(("tags", *target("cp", python, abis, [f"pip:{platform}"])))
            expected.append(" ".join(unique(get_supported(nodot, [platform], "cp", abis or None))))
        for implementation, abis in (("pp", ["pypy39_pp73"]), ("py", ["none"]), ("jy", ["none", "x"])):
            questions.append(("tags", *target(implementation, python, abis, [f"pip:{platform}"])))
            expected.append(" ".join(unique(get_supported(nodot, [platform], implementation, list(abis)))))
    for _ in range(100):
        platforms = rnd.sample(PIP_PLATFORMS, 3)
        questions.append(("tags", *target("cp", (3, 11), [], [f"pip:{platform}" for platform in platforms])))
        expected.append(" ".join(unique(get_supported("311", platforms, "cp", None))))
    check(questions, expected)


def linux_platforms(module, arch):
    """platform_tags() took the whole name once, and takes a list of architectures since 23.1."""
    if ORACLE >= Version("23.1"):
        return list(module.platform_tags([arch]))
    return list(module.platform_tags(f"linux_{arch}", arch) if module is _manylinux else module.platform_tags(arch))


def supported(python, platforms):
    """As for a running CPython."""
    yield from tags.cpython_tags(python, platforms=platforms)
    yield from tags.compatible_tags(python, f"cp{python[0]}{python[1]}", platforms)


def test_tags_linux(monkeypatch):
    """A machine with this glibc or musl."""
    questions, expected = [], []
    monkeypatch.setattr(_manylinux, "_have_compatible_abi", lambda *args: args[1] not in (["mips"], "mips"))
    glibcs = [(2, 4), (2, 5), (2, 12), (2, 17), (2, 31), (2, 39), (3, 2)]
    for libc, arch in itertools.product(glibcs, ["x86_64", "i686", "aarch64", "s390x", "armv7l", "mips"]):
        monkeypatch.setattr(_manylinux, "_get_glibc_version", lambda libc=libc: libc)
        theirs = linux_platforms(_manylinux, arch) + [f"linux_{arch}"]
        questions.append(("tags", *target("cp", (3, 11), [], [f"glibc:{libc[0]}:{libc[1]}:{arch}"])))
        expected.append(" ".join(unique(supported((3, 11), theirs))))
    for musl, arch in itertools.product([(1, 1), (1, 2)], ["x86_64", "aarch64"]):
        monkeypatch.setattr(_musllinux, "_get_musl_version", lambda path, musl=musl: _musllinux._MuslVersion(*musl))
        theirs = linux_platforms(_musllinux, arch) + [f"linux_{arch}"]
        questions.append(("tags", *target("cp", (3, 9), [], [f"musl:{musl[0]}:{musl[1]}:{arch}"])))
        expected.append(" ".join(unique(supported((3, 9), theirs))))
    check(questions, expected)


def test_tags_macos():
    questions, expected = [], []
    archs = ["x86_64", "arm64", "i386", "ppc", "ppc64", "intel", "universal2"]
    for macos, arch in itertools.product([(9, 9), (10, 3), (10, 4), (10, 6), (10, 16), (11, 0), (14, 3)], archs):
        theirs = list(tags.mac_platforms(macos, arch))
        questions.append(("tags", *target("cp", (3, 12), [], [f"macos:{macos[0]}:{macos[1]}:{arch}"])))
        # An empty list would stand for the running system there.
        expected.append(" ".join(unique(supported((3, 12), theirs or ["?"]))) if theirs else None)
    check(questions, expected)


def wheel_name(rnd):
    name = rnd.choice(["foo", "Foo_Bar", "zope.interface", "a__b"])
    build = some(rnd, 0.2, "-1", "-0", "-2abc", "-10_x", "-x1")
    pythons = ["py3", "py2", "cp310", "cp39", "cp38", "cp311", "CP310", "pp39", "py310"]
    python = ".".join(rnd.sample(pythons, rnd.randint(1, 2)))
    abi = ".".join(rnd.sample(["none", "abi3", "cp310", "cp39", "cp38"], rnd.choice([1, 1, 2])))
    platforms = ["any", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux1_x86_64", "linux_x86_64", "win_amd64"]
    platform = ".".join(rnd.sample(platforms, rnd.choice([1, 1, 2, 3])))
    text = f"{name}-{version(rnd).replace('-', '_')}{build}-{python}-{abi}-{platform}.whl"
    return mutated(rnd, text, "-._+a1 ", 0.1)


def parse_wheel(text):
    """What pip reads in a name, as our tool prints it; None: it is no wheel's."""
    try:
        pips = Wheel(text)
        theirs = Version(pips.version)
    except (InvalidWheelFilename, InvalidVersion):
        return None
    build = pips.build_tag or ""  # of which we take a number of 64 bits
    digits = build[: len(build) - len(build.lstrip("0123456789"))]
    if build and int(digits) >= 1 << 64:
        return None
    build = str(int(digits)) + build[len(digits) :] if build else ""
    middle = [".".join(part).lower() for part in (pips.pyversions, pips.abis, pips.plats)]
    return "\t".join([utils.canonicalize_name(pips.name), str(theirs), build, *middle])


PROJECT = re.compile("[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?-")


def test_wheel_names(rnd):
    """Unlike pip we want a project's name before the first dash, and no spaces."""
    names = [wheel_name(rnd) for _ in range(8000)]
    expected = [" " not in name and PROJECT.match(name) and parse_wheel(name) or REFUSED for name in names]
    assert expected.count(REFUSED) < 3000
    check([("wheel", name) for name in names], expected)


def test_wheel_ranks(rnd):
    names = [name for name in (wheel_name(rnd) for _ in range(6000)) if parse_wheel(name)]
    targets = [
        ("cp", (3, 10), ["manylinux2014_x86_64", "linux_x86_64"]),
        ("cp", (3, 9), ["win_amd64"]),
        ("pp", (3, 9), ["manylinux_2_17_x86_64"]),
    ]
    questions, expected = [], []
    for implementation, python, platforms in targets:
        abis = ["pypy39_pp73"] if implementation == "pp" else []
        nodot = "".join(map(str, python))
        listed = unique(get_supported(nodot, platforms, implementation, abis or None))
        places = {tag: place for place, tag in enumerate(listed)}
        for name in names:
            questions.append(
                ("rank", name, *target(implementation, python, abis, [f"pip:{platform}" for platform in platforms]))
            )
            ranks = [places[str(tag)] for tag in Wheel(name).file_tags if str(tag) in places]
            expected.append(str(min(ranks)) if ranks else "-1")
    answers = ask(questions)
    assert len([answer for answer in answers if answer not in ("-1", REFUSED)]) > 2000
    check(questions, [None if ours == REFUSED else theirs for ours, theirs in zip(answers, expected)])
