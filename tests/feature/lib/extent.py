"""How much is left to chance, and from which seed. The one switch is YIZHAN_TEST_EXTENT:

`ci`, unless it is set, for what every change must pass. Chance decides only when a process is killed and which bit of a
bundle is wrong: a few times in each run, from a seed that is another every day, so that the days together see more than
any one run could. What is compared with another program is the same in every run, or a difference that has always been
there would stop a change that has nothing to do with it.

`soak` for the night and before a release (`make soak`): each of them as often as is useful, all from a fresh seed.

The seed is printed when the tests begin, and with each failure of a test that used it; YIZHAN_TEST_SEED repeats it. How
far a process had come when it was killed is never quite the same again."""

import datetime
import os
import random
import secrets

from lib.wait import SLOW

EXTENT = os.environ.get("YIZHAN_TEST_EXTENT", "ci")
assert EXTENT in ("ci", "soak"), f"YIZHAN_TEST_EXTENT={EXTENT} is neither ci nor soak"
SOAK = EXTENT == "soak"
# In the environment, so that the processes that run tests side by side have the same one, also at midnight.
TODAY = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
SEED = os.environ.setdefault("YIZHAN_TEST_SEED", secrets.token_hex(8) if SOAK else TODAY)
TOLD = f"YIZHAN_TEST_EXTENT={EXTENT} YIZHAN_TEST_SEED={SEED}"


def times(ci, soak, slow=None):
    """How often something is tried; `slow`: in `ci` with a sanitizer, which looks at the same ways again."""
    if SOAK:
        return soak
    return slow if SLOW and slow is not None else ci


def any_chance(name):
    """For what may be another every day."""
    return random.Random(f"{SEED} {name}")


def steady_chance(name):
    """For what is compared with another program: the same in `ci` every day."""
    return any_chance(name) if SOAK else random.Random(name)
