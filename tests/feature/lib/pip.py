"""Real pip in fresh virtual environments."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from lib.wait import PATIENCE_S


class PipFactory:
    """Makes one full virtual environment, and cheap ones that borrow its pip."""

    def __init__(self, folder):
        self.folder = folder
        self._made = 0
        # What ensurepip takes 4 s for in each process that runs tests, and does no more than this where it is pip's wheel.
        wheel = next(iter(sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"), reverse=True)), None)
        without = ["--without-pip"] if wheel else []
        subprocess.run([sys.executable, "-m", "venv", *without, folder / "template"], check=True)
        self._site = next((folder / "template" / "lib").glob("python*/site-packages"))
        if wheel:
            zipfile.ZipFile(wheel).extractall(self._site)

    def make(self):
        """A fresh virtual environment with pip and nothing else."""
        self._made += 1
        folder = self.folder / f"venv{self._made}"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        site = folder / self._site.relative_to(self.folder / "template")
        for borrowed in self._site.glob("pip*"):
            (site / borrowed.name).symlink_to(borrowed)
        return Venv(folder)


class Venv:
    def __init__(self, folder):
        self.folder = folder
        self.python = folder / "bin" / "python"

    def start(self, command, *arguments, index=None, driver=("-m", "pip")):
        """Starts `pip command arguments`; index: the URL of the simple index. driver: how Python is told to be pip."""
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        environment.update(
            HOME=str(self.folder), PIP_CONFIG_FILE="/dev/null", PIP_DISABLE_PIP_VERSION_CHECK="1", no_proxy="*"
        )
        # Options of the environment reach the pip that fetches build requirements, too.
        environment.update(PIP_NO_CACHE_DIR="1", PIP_NO_INPUT="1")
        if index:
            environment["PIP_INDEX_URL"] = index
        return subprocess.Popen(
            [self.python, *driver, command, *map(str, arguments)],
            env=environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, process, check=True):
        """Waits and returns the output; check: a failure of pip fails the test, else it is (status, output)."""
        try:
            output, _ = process.communicate(timeout=PATIENCE_S * 3)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        if not check:
            return process.returncode, output
        assert process.returncode == 0, f"pip failed:\n{output}"
        return output

    def pip(self, command, *arguments, index=None, check=True):
        return self.finish(self.start(command, *arguments, index=index), check)

    def version_of(self, module):
        """What the installed module says, by importing it; None if it cannot be imported."""
        shown = subprocess.run(
            [self.python, "-c", f"import {module}; print({module}.version)"], capture_output=True, text=True
        )
        return shown.stdout.strip() if shown.returncode == 0 else None
