"""Our reader of requirements files against pip's: generated files, good and broken, must become the same requirements,
constraints and options. The generators are random, but begin with one seed.

Where we differ on purpose: hex digits of hashes are counted, an option that a newer pip has is known, a file is read
once, requirements by URL and path are skipped (pip keeps a link), and a project with a pin that only setuptools could
read is refused."""

import json
import logging
import re

from lib.ask import REFUSED, ask
from packaging.requirements import InvalidRequirement, Requirement
from pip._internal.exceptions import (
    CommandError,
    InstallationError,
    InvalidWheelFilename,
    NetworkConnectionError,
    RequirementsFileParseError,
)
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.format_control import FormatControl
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import SUPPORTED_OPTIONS, parse_requirements
from pip._internal.vcs import is_url
from pip._vendor.packaging.markers import InvalidMarker
from pip._vendor.packaging.requirements import InvalidRequirement as PipInvalidRequirement
from pip._vendor.requests.exceptions import ConnectionError as RequestsConnectionError

FILES = 3000
ANY = "any"  # pip's answer tells nothing about ours

HASHES = {"sha256": "ab" * 32, "sha384": "0F" * 48, "sha512": "9a" * 64}


# ---- generators ----

NAMES = ["flask", "Zope.Interface", "a_b", "x", "ruamel.yaml"]
SPECIFIERS = ["", "==1.0", ">=1,<2", " ~= 1.4", "!=1.*", " >= 2 , != 2.1"]
MARKERS = ["", "", "", " ; python_version < '3'", ";os_name=='a' and extra == \"b\"", " ; sys_platform == 'x # y'"]
BLANKS = [" ", "  ", "\t", "\u3000", " \t ", "\u00a0", "\x0c", ""]
ENDS = ["\n", "\n", "\n", "\r\n", "\r", "\u2028", "\x0b", "\n\n"]
OPTIONS = [
    "--pre",
    "--require-hashes",
    "--requ 'inner.txt'",
    "-r inner.txt",
    "-rinner.txt",
    '--requirement="inner.txt"',
    "-c bounds.txt",
    "--constraint=bounds.txt",
    "--no-binary x,a_B",
    "--only-binary=:all:",
    "--only-binary :none:,x",
    "--no-bin :all:,:none:,flask",
    "-i https://h/simple",
    "--index-url 'https://h/a b'",
    "--extra-index-url=https://h",
    "--no-index",
    "-f links",
    "--trusted-host h",
    "--prefer-binary",
    "--use-feature fast-deps",
    "-e ./here",
    "-e git+https://h/r.git#egg=x",
    "--editable=git+https://h/r.git@v1#egg=flask",
]
BAD_OPTIONS = ["--nonesuch", "-q", "--no", "--pre=1", "-r", "--hash=md5:0", "--hash=sha256"]
BAD_OPTIONS += ["-r 'x", "--p", "-x y", "\\"]
ELSEWHERE = [
    "git+https://h/r.git#egg=x",
    "https://h/x-1.0-py3-none-any.whl",
    "https://h/x-1.0.tar.gz",
    "flask @ https://h/x.zip",
    "flask@https://h/x.zip ; os_name == 'a'",
    "x-1.0.tar.gz",
    "./x-1.0-py3-none-any.whl",
    "file:///tmp/x.zip",
    "HTTPS://h/x-1.0.zip",
]


def hash_option(rnd):
    kind = rnd.choice(list(HASHES))
    return rnd.choice(["--hash={}:{}", "--hash {}:{}", "--has='{}:{}'"]).format(kind, HASHES[kind])


def requirement(rnd):
    name = rnd.choice(NAMES)
    extras = rnd.choice(["", "", "", "[x]", "[a, B_c]", " [ x ]"])
    return name + extras + rnd.choice(SPECIFIERS) + rnd.choice(MARKERS)


def line(rnd, broken):
    what = rnd.random()
    if what < 0.5:
        words = [requirement(rnd)] + [hash_option(rnd) for _ in range(rnd.choice([0, 0, 0, 1, 2]))]
    elif what < 0.6:
        words = [rnd.choice(ELSEWHERE)]
    elif what < 0.65:
        words = ["${LISTS_NAME}" + rnd.choice(["==${LISTS_VERSION}", "${lists}", "${LISTS_EMPTY}", ""])]
    else:
        words = []
    if not words or rnd.random() < 0.1:
        words += [rnd.choice(OPTIONS) for _ in range(rnd.choice([1, 1, 1, 2]))]
    if rnd.random() < broken:
        words.insert(rnd.randint(0, len(words)), rnd.choice(BAD_OPTIONS + ["stray", "=", "a b", "[", "-"]))
    return words


def joined(rnd, words):
    text = rnd.choice(BLANKS) if rnd.random() < 0.2 else ""
    for i, word in enumerate(words):
        if i:
            text += " " if rnd.random() < 0.7 else rnd.choice([" \\\n ", " \\\r\n    ", "\\\n ", " \\\\\n  ", " \\\n\\ "])
        text += word
    if rnd.random() < 0.2:
        text += rnd.choice(BLANKS) + rnd.choice(["# comment", "#", "# ends \\", "#x ${LISTS_NAME}"])
    return text + (rnd.choice(BLANKS) if rnd.random() < 0.1 else "")


def listing(rnd, broken):
    text = "\ufeff" if rnd.random() < 0.1 else ""
    for _ in range(rnd.randint(1, 5)):
        text += joined(rnd, line(rnd, broken)) if rnd.random() < 0.9 else rnd.choice(["", "  ", "# only", " # x \\"])
        text += rnd.choice(ENDS)
    if rnd.random() < 0.1:
        text += rnd.choice(["flask \\", "# end \\", "\\", "x\\\\"])
    return text


def mutated(rnd, text):
    at = rnd.randrange(len(text))
    return text[:at] + rnd.choice(["", *"\\\n -#'=;[]@:${}"]) + text[at + rnd.randint(0, 1) :]


# ---- pip ----


def pip_requirement(parsed):
    """As text and place, or None where pip has a link. What is skipped is not read further: pip would refuse a path
    that is none."""
    given = (parsed.options or {}).get("hashes", {}).items()
    hashes = [f"{kind}:{digest}".lower() for kind, digests in given for digest in digests]
    for kind, _, digits in (digest.partition(":") for digest in hashes):
        if not re.fullmatch(f"[0-9a-f]{{{len(HASHES[kind])}}}", digits):
            raise InstallationError("pip does not look at the digits")
    if parsed.is_editable or parsed.requirement[0] in "./" or is_url(parsed.requirement):
        return None
    try:
        made = install_req_from_parsed_requirement(parsed)
    except InvalidWheelFilename:
        return None
    except InstallationError as error:
        if is_requirement(parsed.requirement):
            raise OldPip from error
        raise
    if made.link:
        return None
    text = str(made.req).split(";")[0].strip() + (f" ; {made.markers}" if made.markers else "")
    kind, path, _, number = parsed.comes_from.split(" ")
    assert kind in ("-r", "-c")
    Requirement(text)  # pip's own copy of packaging may be old, and take versions from before PEP 440
    return text, f"{path}:{number.rstrip(')')}", sorted(hashes)


class OldPip(Exception):
    """pip's own copy of packaging is from before 22.0 and refuses a requirement that PEP 508 allows, such as one with a
    comma after its last specifier."""


def is_requirement(text):
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


class Options:
    """What pip puts its options into."""

    def __init__(self):
        self.require_hashes = False
        self.features_enabled = []
        self.isolated_mode = False


REFUSALS = (
    InstallationError,
    NetworkConnectionError,
    RequestsConnectionError,  # a list somewhere else: nobody is there
    RequirementsFileParseError,
    CommandError,
    InvalidMarker,
    InvalidRequirement,
    PipInvalidRequirement,
    ValueError,  # of urllib
    SyntaxError,  # of old packaging, which evaluates strings
)


def forget_options():
    """pip appends to the lists that are the defaults of its options: without this a file's options would be those of all
    that is read after it in this process."""
    for option in SUPPORTED_OPTIONS:
        default = getattr(option, "keywords", {}).get("default")  # most are partial functions
        if isinstance(default, list):
            default.clear()


def pip_answer(path, session):
    formats = FormatControl(set(), set())
    finder = PackageFinder.create(
        link_collector=LinkCollector(session, SearchScope(find_links=[], index_urls=[], no_index=False)),
        selection_prefs=SelectionPreferences(allow_yanked=True, format_control=formats),
    )
    options = Options()
    answer = {"requirements": [], "constraints": [], "skipped": 0}
    try:
        for parsed in parse_requirements(path, session, finder=finder, options=options):
            made = pip_requirement(parsed)
            if made is None:
                answer["skipped"] += 1
            else:
                answer["constraints" if parsed.constraint else "requirements"].append(made)
    except OldPip:
        return ANY
    except REFUSALS:
        return REFUSED
    finally:
        forget_options()
    made = answer["requirements"] + answer["constraints"]
    answer["require_hashes"] = options.require_hashes or any(hashes for _, _, hashes in made)
    answer["prereleases"] = bool(finder.allow_all_prereleases)
    answer["only_binary"] = sorted(formats.only_binary)
    answer["no_binary"] = sorted(formats.no_binary)
    return answer


# ---- comparison ----


def our_answer(text):
    if text == REFUSED:
        return REFUSED
    answer = json.loads(text)
    notes = answer.pop("notes")
    for key in ("requirements", "constraints"):
        answer[key] = [(text, origin, sorted(hashes)) for text, origin, hashes in answer[key]]
    for key in ("only_binary", "no_binary"):
        answer[key] = sorted(answer[key])
    answer["skipped"] = sum(": skipped " in note for note in notes)
    return answer


def sort_specifiers(printed):
    """pip's sets have no order."""
    if printed == REFUSED:
        return REFUSED
    _, project, extras, specifiers, _, marker = printed.split("\t")
    return project, sorted(extras.split(",")), sorted(specifiers.split(",")), marker


def merge(answers):
    """All requirements in one question: `ask` starts a program."""
    lists = [(answer, key) for answer in answers if answer not in (REFUSED, ANY) for key in ("requirements", "constraints")]
    texts = [text for answer, key in lists for text, _, _ in answer[key]]
    printed = iter(ask([("requirement", text) for text in texts]))
    for answer, key in lists:
        answer[key] = [(sort_specifiers(next(printed)), origin, hashes) for _, origin, hashes in answer[key]]
    return [answer if answer == ANY else REFUSED if is_refused(answer) else answer for answer in answers]


def is_refused(answer):
    """We refuse backslashes in the strings of markers (formats/python/marker.h)."""
    return answer == REFUSED or any(made[0] == REFUSED for made in answer["requirements"] + answer["constraints"])


def compare(tmp_path, monkeypatch, texts):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LISTS_NAME", "flask")
    monkeypatch.setenv("LISTS_VERSION", "1.0")
    monkeypatch.setenv("LISTS_EMPTY", "")
    logging.disable(logging.WARNING)
    (tmp_path / "inner.txt").write_text("inner>=1\n\n--no-binary inner\nx\n")
    (tmp_path / "bounds.txt").write_text("# bounds\nbound<9\n")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "setup.py").touch()
    session = PipSession()
    theirs = []
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_bytes(text.encode())
        theirs.append(pip_answer(f"{i}.txt", session))
    logging.disable(logging.NOTSET)
    ours = [our_answer(text) for text in ask([("list", f"{i}.txt") for i in range(len(texts))])]
    pairs = zip(texts, merge(ours), merge(theirs))
    wrong = [(text, ours, theirs) for text, ours, theirs in pairs if theirs not in (ANY, ours)]
    assert not wrong, f"{len(wrong)} of {len(texts)} differ; (text, ours, pip's): {wrong[:3]}"
    assert theirs.count(ANY) < len(texts) / 100
    return sum(answer not in (REFUSED, ANY) for answer in theirs)


def fair(text):
    """A list that is included twice is read twice by pip, and which features there are depends on its version. What a
    line that we skip has in its URL or after its path, we do not read: to pip a marker begins at each ";" of
    `name @ URL`, to PEP 508 only at one after a blank. And to pip up to 23 ">" may be followed by " =1", a version of
    before PEP 440."""
    if "fast-deps#" in text or re.search(r"://(\]|\S*;)|\.(tar|tar\.gz|zip|whl);|[<>=]\s+=", text):
        return False
    return text.count("inner.txt") < 2 and text.count("bounds.txt") < 2


def generate(make):
    texts = []
    while len(texts) < FILES:
        text = make()
        if fair(text):
            texts.append(text)
    return texts


def test_lists_good(rnd, tmp_path, monkeypatch):
    read = compare(tmp_path, monkeypatch, generate(lambda: listing(rnd, 0)))
    assert read > FILES / 2


def test_lists_broken(rnd, tmp_path, monkeypatch):
    read = compare(tmp_path, monkeypatch, generate(lambda: listing(rnd, 0.15)))
    assert FILES / 10 < read < FILES * 0.9


def test_lists_mutated(rnd, tmp_path, monkeypatch):
    """Values of options that we ignore are not looked at."""

    def make():
        return mutated(rnd, listing(rnd, 0).replace("--use-feature fast-deps", "").replace("--trusted-host", "-f"))

    compare(tmp_path, monkeypatch, generate(make))
