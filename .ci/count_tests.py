"""Counts what `make unit` and `make feature` left in a log folder, and ends with "N passed, N failed, N skipped".

    .ci/count_tests.py LOG_FOLDER

Before that a line for each test that failed ("failed: NAME") or was skipped ("skipped: NAME: REASON"). A skipped test
counts as failed unless its reason is in .ci/skips-allowed; no numbers, or no test, is one failure. The status is 1 if
anything failed."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

ALLOWED = Path(__file__).with_name("skips-allowed")


class Count:
    def __init__(self):
        lines = [line.partition("#")[0].strip() for line in ALLOWED.read_text().splitlines()]
        self._allowed = set(filter(None, lines))
        self.passed = self.failed = self.skipped = 0

    def fail(self, name, number=1):
        self.failed += number
        if name:
            print(f"failed: {name}")

    def skip(self, name, reason):
        """What follows a colon is told in addition to the reason."""
        reason = " ".join(reason.split())
        if reason.partition(": ")[0] in self._allowed:
            self.skipped += 1
            print(f"skipped: {name}: {reason}")
        else:
            self.fail(f"{name}: must not be skipped here: {reason or 'no reason given'}")


def count_unit(count, folder):
    """A test that cmocka skips says why on a line of its own, before."""
    try:
        passed, failed, skipped = map(int, (folder / "unit.count").read_text().split())
    except (OSError, ValueError):
        return count.fail("the unit tests did not run to their end")
    count.passed += passed
    if passed + failed + skipped == 0:
        count.fail("there was no unit test")
    named = 0
    for path in sorted(folder.glob("*.tap")):
        reason = ""
        for line in path.read_text(errors="replace").splitlines():
            if found := re.match(r"# skipped: (.*)", line):
                reason = found[1]
            elif found := re.match(r"(?:not )?ok \d+ # SKIP (.*)", line):
                count.skip(f"{path.stem}: {found[1]}", reason)
                reason = ""
            elif found := re.match(r"not ok \d+ (?:- )?(.*)", line):
                count.fail(f"{path.stem}: {found[1]}")
                named += 1
    # Those that a crash kept from running have no line.
    count.fail("", max(0, failed - named))


def count_feature(count, folder):
    """A test whose body and clean-up both fail stands in the file twice."""
    tests = {}
    try:
        for case in ElementTree.parse(folder / "feature.xml").iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            problem = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
            before = tests.get(name)
            if before is None or (before.tag == "skipped" and problem is not None):
                tests[name] = problem
    except (OSError, ElementTree.ParseError) as error:
        return count.fail(f"the feature tests did not run to their end: {error}")
    if not tests:
        count.fail("there was no feature test")
    for name, problem in tests.items():
        if problem is None:
            count.passed += 1
        elif problem.tag == "skipped":
            count.skip(name, problem.get("message", ""))
        else:
            count.fail(f"{name} ({problem.tag})")


count = Count()
count_unit(count, Path(sys.argv[1]))
count_feature(count, Path(sys.argv[1]))
print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
sys.exit(1 if count.failed else 0)
