"""What the real clients of registries have in common: are they here, run one, a folder of its own for each."""

import os
import shutil
import subprocess
from pathlib import Path

from lib.skips import Reason, skip
from lib.wait import PATIENCE_S


# What scripts/setup found out and keeps.
CACHE = Path(os.environ.get("YIZHAN_CACHE") or Path.home() / ".cache" / "yizhan")


class ToolFailed(AssertionError):
    pass


def require(*programs):
    """Skips the test where one of the programs is missing."""
    for program in programs:
        require_one_of(program)


def require_one_of(*programs):
    """The path of the first that is here; systems have different names for some."""
    found = next(filter(None, map(shutil.which, programs)), None)
    if not found:
        told = CACHE / "not-packaged"
        not_packaged = told.read_text().split() if told.exists() else []
        reason = Reason.NOT_PACKAGED if set(programs) & set(not_packaged) else Reason.NOT_INSTALLED
        skip(reason, f"{' or '.join(programs)} (scripts/setup test installs what the system has)")
    return found


def environment(folder, **variables):
    """Nothing of the user's own: no proxies, no settings, no log-ins."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    kept["PATH"] = kept.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    kept.update(HOME=str(folder), TMPDIR=str(folder), XDG_RUNTIME_DIR=str(folder), no_proxy="*")
    return {**kept, **{name: str(value) for name, value in variables.items()}}


def run(command, variables, check=True, patience_s=PATIENCE_S * 3, folder=None):
    """Returns the output; check=False: (status, output). Standard error follows standard output."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command,
        env=variables,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=patience_s,
    )
    if not check:
        return done.returncode, done.stdout + done.stderr
    if done.returncode != 0:
        raise ToolFailed(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def stop(process, patience_s=PATIENCE_S):
    """SIGTERM to a daemon, and SIGKILL if that is not enough."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def mirror_conf(folder, mirrors):
    """registries.conf of podman and skopeo: {"docker.io": "127.0.0.1:port", or "127.0.0.1:port/prefix"}. Whatever
    else a name may mean is blocked: what comes, comes through the mirror."""
    lines = ['unqualified-search-registries = ["docker.io"]']
    for registry, place in mirrors.items():
        lines += ["[[registry]]", f'prefix = "{registry}"', f'location = "{registry}"']
        lines += ["[[registry.mirror]]", f'location = "{place}"', "insecure = true"]
    lines += ["[[registry]]", 'prefix = "127.0.0.1"', 'location = "127.0.0.1"', "insecure = true"]
    path = folder / "registries.conf"
    path.write_text("\n".join(lines) + "\n")
    return path
