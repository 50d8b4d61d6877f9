"""Prints what pytest's junit file counts: "passed N", "failed N", and a line for each failure. A skipped test counts as
failed: with all packages there, nothing is skipped. No file, or no test in it, is one failure."""

import sys
from xml.etree import ElementTree


def read(path):
    """{name: what is wrong with it, or None}. A test whose body and clean-up both fail stands in the file twice."""
    tests = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        problem = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), None)
        tests[name] = tests.get(name) or problem
    return tests


try:
    found = read(sys.argv[1])
except (OSError, ElementTree.ParseError) as error:
    found = {f"the feature tests did not run to their end: {error}": "error"}
if not found:
    found = {"there was no feature test": "error"}
wrong = [f"{name} ({problem})" for name, problem in found.items() if problem]
print("passed", len(found) - len(wrong))
print("failed", len(wrong))
for name in wrong:
    print(name)
