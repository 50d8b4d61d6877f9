"""Waiting for a condition, with a deadline. Nothing here waits for time to pass."""

import os
import time

# Sanitizers and slow machines take so many times as long.
SLOWNESS = float(os.environ.get("YIZHAN_TEST_PATIENCE", "1"))
SLOW = SLOWNESS > 1
PATIENCE_S = 30.0 * SLOWNESS


def wait_until(condition, what):
    """Polls until condition() is true, and returns what it returned; fails the test after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s in vain: {what}"
        time.sleep(0.01)


def wait_event(event, what):
    """The same for a threading.Event."""
    assert event.wait(PATIENCE_S), f"waited {PATIENCE_S:.0f} s in vain: {what}"
