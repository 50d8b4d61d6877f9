"""Real pip as if it ran on another machine: it installs into a folder for a platform and a Python that are not this
one's. pip has options for both, but would ask the markers of this machine, so it is told those of the other."""

import json
import os

from lib.universes import TARGETS

DRIVER = """
import json, sys
from pip._internal.cli.main import main
from pip._vendor.packaging import markers

said = json.loads(sys.argv.pop(1))
markers.default_environment = lambda: dict(said)
sys.exit(main())
"""

BY_NAME = {target.name: target for target in TARGETS}


def options_of(python, platform):
    options = ["--implementation", "cp", "--python-version", python]
    for name in BY_NAME[platform].platforms:
        options += ["--platform", name]
    return options


def start(venv, python, platform, command, *arguments, index):
    """Starts `pip command` for that machine; to be finished by venv.finish()."""
    said = json.dumps(BY_NAME[platform].environment(python))
    return venv.start(command, *options_of(python, platform), *arguments, index=index, driver=["-c", DRIVER, said])


def installed_files(report):
    """{filename} of pip's --report."""
    found = json.loads(report.read_text())
    return {os.path.basename(item["download_info"]["url"]) for item in found["install"]}
