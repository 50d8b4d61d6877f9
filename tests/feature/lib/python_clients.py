"""Real uv, Poetry, PDM, pip-tools, Pipenv and pip of today, as tests/clients.txt pins them. scripts/setup test puts
them into FOLDER, which stays when build/ goes."""

import hashlib
import subprocess
import sys
from pathlib import Path

from lib import tools
from lib.skips import Reason, skip

PINS = Path(__file__).resolve().parents[2] / "clients.txt"
# Another list, or another Python, gets a folder of its own.
KEY = hashlib.sha256(sys.version.encode() + PINS.read_bytes()).hexdigest()[:16]
FOLDER = tools.CACHE / "clients" / KEY
# Written last by scripts/setup: all is there; or why it is not.
COMPLETE = FOLDER / "complete"
ABSENT = FOLDER.with_suffix(".absent")


def require():
    if COMPLETE.exists():
        return
    if ABSENT.exists():
        skip(Reason(ABSENT.read_text().strip()))
    skip(Reason.NOT_INSTALLED, "the clients of tests/clients.txt (scripts/setup test installs them)")


class Machine:
    """A machine with all of these clients and nothing in their caches, and one project: the folder `project`.
    variables: settings of clients that are environment variables."""

    def __init__(self, folder, **variables):
        require()
        self.project = folder / "project"
        self.project.mkdir(parents=True)
        self.python = folder / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        for borrowed in FOLDER.glob("lib/python*/site-packages/pip*"):
            if borrowed.name == "pip" or borrowed.name.startswith("pip-"):
                (folder / "venv" / borrowed.relative_to(FOLDER)).symlink_to(borrowed)
        self._variables = tools.environment(folder / "home", **variables)
        # The clients take an environment that is active for the one to install into.
        self._variables["PATH"] = f"{self.python.parent}:{FOLDER / 'bin'}:{self._variables['PATH']}"
        self._variables["VIRTUAL_ENV"] = str(folder / "venv")
        self._variables.update(
            PIP_CONFIG_FILE="/dev/null",
            PIP_DISABLE_PIP_VERSION_CHECK="1",
            UV_PYTHON=str(self.python),
            UV_PYTHON_DOWNLOADS="never",
            POETRY_NO_INTERACTION="1",
            PDM_CHECK_UPDATE="0",
            PIPENV_VENV_IN_PROJECT="1",
            PIPENV_NOSPIN="1",
            PIPENV_VERBOSITY="-1",
            VIRTUALENV_NO_PERIODIC_UPDATE="1",
        )

    def run(self, program, *arguments, check=True):
        """Runs it in the project. Returns what it says."""
        return tools.run([FOLDER / "bin" / program, *arguments], self._variables, check=check, folder=self.project)

    def write(self, name, text):
        (self.project / name).write_text(text)

    def read(self, name):
        return (self.project / name).read_text()

    def versions(self, *modules):
        """What the modules say of themselves when they are imported."""
        program = "import sys, importlib\nfor name in sys.argv[1:]: print(importlib.import_module(name).version)"
        return tools.run([self.python, "-c", program, *modules], self._variables, folder=self.project).split()


if __name__ == "__main__":
    print(FOLDER)
