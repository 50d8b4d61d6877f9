"""Questions to tests/tools/peps.c, which answers with our rules of Python packaging and of lists."""

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

from lib.yizhan import BINARY

TOOL = Path(os.environ.get("YIZHAN_TEST_TOOLS", Path(BINARY).parent / "tools")) / "peps"
SAFE = "".join(map(chr, range(33, 127))).replace("%", "") + " "
REFUSED = "refused"


def ask(questions):
    """One answer for each question; REFUSED where our side refuses with a message."""
    lines = ("\t".join(quote(str(part), safe=SAFE) for part in question) for question in questions)
    done = subprocess.run([TOOL], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(questions)
    for answer in answers:
        assert not answer.startswith("error") or len(answer) > len("error column 1: ")
    return [REFUSED if answer.startswith("error ") else answer for answer in answers]
