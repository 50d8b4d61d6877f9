"""Our resolver against pip's own: generated universes must get the same files. In a soak they are other universes each
time; YIZHAN_TEST_RESOLUTIONS=5000 makes more of them.

Where the two differ, pip must confirm our answer when it is given as constraints, and its own must not be newer: pip up
to 23.0 heeds the wishes of versions that it has given up (admin/prefetch/resolve/resolve.h), which costs it some answers."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from pip._vendor import resolvelib
from pip._vendor.packaging.utils import parse_sdist_filename, parse_wheel_filename
from pip._vendor.packaging.version import Version

from lib import real_lists
from lib.ask import TOOL
from lib.extent import SEED, SOAK
from lib.pip_answers import UNKNOWN, pip_answer
from lib.pip_resolver import NO_ANSWER
from lib.universes import PYTHONS, TARGETS, Maker

COUNT = int(os.environ.get("YIZHAN_TEST_RESOLUTIONS", "500"))
PARTS = 4
UNIVERSES = SEED if SOAK else "universe"
# pip's resolver forgets the wishes of versions that it has given up since 1.0.
FORGETS = Version(resolvelib.__version__) >= Version("1.0")


def ask_ours(questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([TOOL.with_name("resolver")], input=lines, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(questions)
    return [read_answer(answer) for answer in answers]


def read_answer(answer):
    if answer.startswith("error "):
        assert len(answer) > len("error no versions fit")
        return NO_ANSWER
    return {item.split(" ")[0] for item in answer.split("\t") if item}


def version_of(filename):
    parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
    return parse(filename)[:2]


def versions_of(filenames):
    return dict(version_of(filename) for filename in filenames)


def newer(theirs, ours, question):
    """Does pip's answer have newer versions, and no older one, than ours? Those do not count that only count because
    somebody asks for them: yanked files and pre-releases."""
    common = {name for name in theirs if not needs_asking(name, question["pages"][version_of(name)[0]])}
    left, right = versions_of(common), versions_of(ours)
    return set(left) == set(right) and left != right and all(left[project] >= right[project] for project in left)


def needs_asking(name, page):
    yanked = any(f">{name}</a>" in line and "data-yanked" in line for line in page.split("\n"))
    return yanked or version_of(name)[1].is_prerelease


def explained(name, question, target, ours, theirs, constraints):
    """Is a difference one of those that admin/prefetch/resolve/resolve.h tells of?"""
    if FORGETS:
        return False
    if ours == NO_ANSWER:  # pip's has something that only counts because a version asks for it that was given up
        return any(needs_asking(name, question["pages"][version_of(name)[0]]) for name in theirs)
    pins = [f"{project}==={version}" for project, version in versions_of(ours).items()]
    told = {**question, "constraints": question["constraints"] + pins}
    if pip_answer(f"{name} with our answer", told, target, constraints, needed=False) not in (ours, UNKNOWN):
        return False
    return theirs == NO_ANSWER or not newer(theirs, ours, question)


@pytest.mark.parametrize("part", range(PARTS))
def test_resolver_finds_what_pip_finds(part, tmp_path):
    constraints = Path(tmp_path / "constraints.txt")
    seeds = [f"{UNIVERSES} {number}" for number in range(part, COUNT, PARTS)]
    asked = [Maker(random.Random(seed)).make() for seed in seeds]
    ours = ask_ours([question for question, _ in asked])
    theirs = [pip_answer(seed, *which, constraints, needed=False) for seed, which in zip(seeds, asked)]
    known = [index for index in range(len(seeds)) if theirs[index] != UNKNOWN]
    differing = [index for index in known if ours[index] != theirs[index]]
    wrong = [
        (seeds[index], asked[index][0], ours[index], theirs[index])
        for index in differing
        if not explained(seeds[index], *asked[index], ours[index], theirs[index], constraints)
    ]
    assert not wrong, f"{len(wrong)} of {len(seeds)} differ; (seed, question, ours, pip's): {wrong[:3]}"
    assert len(differing) <= len(seeds) * (0.1 if SOAK else 0.04)
    # The universes are neither too easy nor too hard.
    assert len(seeds) * 0.2 < ours.count(NO_ANSWER) < len(seeds) * 0.6
    assert sum(len(answer) > 2 for answer in ours if answer != NO_ANSWER) > len(seeds) * (0.1 if SOAK else 0.2)


@pytest.mark.parametrize("name", real_lists.REQUIREMENTS)
def test_resolver_finds_what_pip_finds_of_real_lists(name, tmp_path):
    tree = real_lists.tree(name)
    question = {
        "requirements": real_lists.lines(name),
        "constraints": [],
        "prereleases": False,
        "sdists": name == "aliyun",
        "pages": {project: tree.html_page(project).decode() for project in tree.projects},
        "metadata": {dist.filename: real_lists.metadata_of(name, dist) for dist in tree.dists},
    }
    asked = [
        ({**question, "python": python, "platform": target.name}, target) for python in PYTHONS for target in TARGETS
    ]
    ours = ask_ours([question for question, _ in asked])
    for (question, target), answer in zip(asked, ours):
        theirs = pip_answer(
            f"{name} {question['python']} {target.name}",
            question,
            target,
            tmp_path / "constraints.txt",
            real_lists.memory(name),
            needed=False,
        )
        assert answer != NO_ANSWER and theirs in (answer, UNKNOWN)
