"""Why a test cannot be tried on this machine. A skipped test fails the run unless its reason is in .ci/skips-allowed."""

import functools
import os
import subprocess
from enum import Enum

import pytest


class Reason(Enum):
    NO_PYPI = "no PyPI"
    NO_ROOT = "no root"
    NO_MOUNTS = "no mounts"
    NO_DEVICE_NODES = "no device nodes"
    NOT_PACKAGED = "not packaged here"
    OLD_PYTHON = "Python older than 3.10"
    OLD_PACKAGING = "packaging older than 23.0"
    # The machine could do it: what is missing is a set-up, or it is broken.
    NOT_INSTALLED = "not installed"
    DOES_NOT_START = "does not start here"


def skip(reason, detail="", **options):
    """What stands before the colon is what the list is asked about."""
    pytest.skip(f"{reason.value}: {detail}" if detail else reason.value, **options)


def require_root():
    if os.getuid() != 0:
        skip(Reason.NO_ROOT)


# What `unshare` needs before the rest of its command, so that mounts are seen by that command alone.
UNSHARE_MOUNTS = ["unshare", *(["-r"] if os.getuid() else []), "-m"]


@functools.cache
def can_mount():
    command = [*UNSHARE_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def require_mounts():
    """A container may forbid them to root as well."""
    if not can_mount():
        skip(Reason.NO_MOUNTS)
