"""Our TOML reader against Python's: generated documents, good and broken, must get the same answers. The generators are
random, but begin with one seed. Where we differ on purpose is said in formats/toml.h; the unit tests have those."""

import datetime
import json
import math

from lib.ask import REFUSED, ask

try:
    import tomllib
except ImportError:  # before Python 3.11
    from pip._vendor import tomli as tomllib

DOCUMENTS = 8000


# ---- generators ----

NAMES = ["a", "b", "c", "a", "b", "x-y", "1", '"q r"', "'l'", '"\\u00e9"', '""']
STRINGS = [
    '"plain"',
    '"esc \\t\\n\\"\\\\ \\u00e9 \\U0001F600"',
    "'literal \\ x'",
    '"""\nmulti\n  line \\\n   \n   folded"""',
    '"""two "" quotes"""""',
    '"""crlf\r\nend\\\r\n x"""',
    "'''\nraw ' '' \\n\n'''''",
    "''",
    '""',
    '"é 中"',
]
NUMBERS = "0 -0 +1 12_345 -9223372036854775808 9223372036854775807 0xDEAD_beef 0o17 0b1_01 1.5 -0.0 1e3 1_0.2_5E-1_0 6.02e+23"
BROKEN_NUMBERS = "01 1_ _1 1__0 0xg 1. .5 1.e3 1e +0x1 0X1 tru 00 1.2.3 0b2 - 1e1.5 --1 infinity 0x_1"
DATES = [
    "1979-05-27T07:32:00Z",
    "1979-05-27 07:32:00.25-07:00",
    "1979-05-27t07:32:00.999999",
    "2024-02-29",
    "07:32:00",
    "23:59:59.5",
    "2000-01-01T00:00:00z",
]
BROKEN_DATES = ["2023-02-29", "1979-13-01", "24:00:00", "07:60:00", "7:00:00", "1979-5-27", "1979-05-27T", "12:00:00Z"]


def blank(rnd):
    return rnd.choice(["", "", " ", "\t", "  "])


def line_end(rnd):
    return rnd.choice(["\n", "\n", "\n", "\r\n", " # comment é\n", "\n\n"])


def key(rnd):
    return rnd.choice(["", "", " "]).join(rnd.choice(NAMES) if i % 2 == 0 else "." for i in range(rnd.choice([1, 1, 1, 3, 3, 5])))


def value(rnd, depth=0):
    kind = rnd.randrange(9 if depth < 3 else 6)
    if kind <= 1:
        return rnd.choice(STRINGS)
    if kind <= 3:
        return rnd.choice(NUMBERS.split())
    if kind == 4:
        return rnd.choice(["true", "false", "inf", "-inf", "+nan"])
    if kind == 5:
        return rnd.choice(DATES)
    if kind <= 7:
        items = [value(rnd, depth + 1) for _ in range(rnd.randrange(4))]
        gap = rnd.choice(["", " ", "\n", " # in\n "])
        return "[" + gap + f",{gap}".join(items) + gap + rnd.choice(["," if items else "", ""]) + gap + "]"
    pairs = [f"{key(rnd)} = {value(rnd, depth + 1)}" for _ in range(rnd.randrange(3))]
    return "{" + blank(rnd) + ", ".join(pairs) + blank(rnd) + "}"


def document(rnd):
    text = ""
    for _ in range(rnd.randint(1, 7)):
        kind = rnd.randrange(10)
        if kind < 6:
            text += f"{blank(rnd)}{key(rnd)}{blank(rnd)}={blank(rnd)}{value(rnd)}"
        elif kind < 8:
            text += f"[{blank(rnd)}{key(rnd)}{blank(rnd)}]"
        elif kind < 9:
            text += f"[[{blank(rnd)}{key(rnd)}]]"
        text += line_end(rnd)
    return text


def tables(rnd):
    """Few names, much structure: what may be defined after what."""
    text = ""
    for _ in range(rnd.randint(2, 6)):
        path = ".".join(rnd.choice("ab") for _ in range(rnd.randint(1, 3)))
        text += rnd.choice(
            [f"[{path}]\n", f"[{path}]\n", f"[[{path}]]\n", f"{path} = 1\n", f"{path} = {{}}\n", f"{path} = [{{}}]\n"]
            + [f"{path} = {{a.b = 1, {path} = 2}}\n"]
        )
    return text


def broken(rnd):
    text = document(rnd)
    at = rnd.randrange(len(text))
    what = rnd.randrange(4)
    if what == 0:
        return text[:at] + text[at + 1 :]
    if what == 1:
        return text[:at] + rnd.choice("[]{}=,.\"'#\\ \n\r\t\x01x1_-+") + text[at:]
    if what == 2:
        return text[:at]
    return f"k = {rnd.choice(BROKEN_NUMBERS.split() + BROKEN_DATES)}{line_end(rnd)}"


# ---- comparison ----


def same(ours, theirs):
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and list(ours) == list(theirs) and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float) and not math.isfinite(theirs):
        return ours == str(theirs)
    if isinstance(theirs, (datetime.datetime, datetime.date, datetime.time)):
        return isinstance(ours, str) and type(theirs).fromisoformat(padded(ours)) == theirs
    return type(ours) is type(theirs) and ours == theirs


def padded(text):
    """For Python before 3.11, which reads three or six digits of a second only."""
    head, dot, rest = text.replace("Z", "+00:00").partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return head + (f".{digits:0<6}" + rest[len(digits) :] if dot else "")


def python(text):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return REFUSED


def too_big(value):
    if isinstance(value, (dict, list)):
        return any(map(too_big, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def compare(documents):
    wrong = []
    for text, answer in zip(documents, ask([("toml", text) for text in documents])):
        theirs = python(text)
        theirs = REFUSED if too_big(theirs) else theirs
        ours = REFUSED if answer == REFUSED else json.loads(answer)
        if (ours == REFUSED) != (theirs == REFUSED) or (theirs != REFUSED and not same(ours, theirs)):
            wrong.append((text, ours, theirs))
    assert not wrong, f"{len(wrong)} of {len(documents)} differ; (document, ours, Python's): {wrong[:5]}"


def test_toml_documents(rnd):
    documents = [document(rnd) for _ in range(DOCUMENTS)]
    assert sum(python(text) != REFUSED for text in documents) > DOCUMENTS / 5
    compare(documents)


def test_toml_tables(rnd):
    documents = [tables(rnd) for _ in range(DOCUMENTS)]
    assert DOCUMENTS / 10 < sum(python(text) != REFUSED for text in documents) < DOCUMENTS * 0.9
    compare(documents)


def test_toml_broken(rnd):
    compare([broken(rnd) for _ in range(DOCUMENTS)])
