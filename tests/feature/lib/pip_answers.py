"""What pip's own resolver answers (lib/pip_resolver.py), of which recorded/pip_answers.txt keeps what is asked in every
run. pip is asked where that file lacks an answer of this version to this very question, and always in a soak.

YIZHAN_TEST_RECORD=yes adds to the file what it lacks."""

import fcntl
import hashlib
import json
import os
from functools import cache
from pathlib import Path

import pip
from lib.extent import SOAK
from lib.pip_resolver import NO_ANSWER, ask_pip
from lib.wait import SLOW

FILE = Path(__file__).resolve().parents[1] / "recorded" / "pip_answers.txt"
RECORD = os.environ.get("YIZHAN_TEST_RECORD")
NOTHING = "-"
UNKNOWN = "not recorded, and not asked"


@cache
def recorded():
    """{hash of a question: answer} of this pip."""
    lines = [line.split("\t") for line in FILE.read_text().splitlines() if not line.startswith("#")]
    ours = [(key, files) for version, key, _, *files in lines if version == pip.__version__]
    return {key: NO_ANSWER if files == [NOTHING] else set(files) for key, files in ours}


def key_of(question, target, answers):
    pages = [[url, kind, hashlib.sha256(body).hexdigest()] for url, (kind, body) in sorted((answers or {}).items())]
    return hashlib.sha256(json.dumps([question, target.name, pages], sort_keys=True).encode()).hexdigest()[:20]


def keep(key, name, answer):
    line = "\t".join([pip.__version__, key, name, *([NOTHING] if answer == NO_ANSWER else sorted(answer))])
    with open(FILE, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if key not in file.read():  # another process may have asked meanwhile
            file.write(line + "\n")


def pip_answer(name, question, target, constraints_file, answers=None, needed=True):
    """As ask_pip(). name: how people know the question. needed: else UNKNOWN where it is not recorded, and a sanitizer
    looks at our side only."""
    key = key_of(question, target, answers)
    if not SOAK and key in recorded():
        return recorded()[key]
    if SLOW and not SOAK and not needed:
        return UNKNOWN
    answer = ask_pip(question, target, constraints_file, answers)
    if RECORD:
        keep(key, name, answer)
    return answer
