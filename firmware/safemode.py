"""Leaves safe mode after a brown-out, a crash or a hardware watchdog: code.py does not run there.

A safe mode that a person asked for (button, or from Python) stays, so that a broken board can be mended.
"""

import time

import microcontroller
import supervisor

STAY_SECONDS = 5  # time for the supply to recover, and for a person to press the button

reason = supervisor.runtime.safe_mode_reason
if reason not in (supervisor.SafeModeReason.USER, supervisor.SafeModeReason.PROGRAMMATIC):
    time.sleep(STAY_SECONDS)
    microcontroller.on_next_reset(microcontroller.RunMode.NORMAL)
    microcontroller.reset()
