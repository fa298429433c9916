"""Puts the board's modules in place and runs code.py until the power goes."""

import sys

import board_os
import board_time

sys.modules["time"] = board_time
sys.modules["os"] = board_os


program = {"__name__": "__main__"}  # stays alive after the power cut, so that its heap can be measured


def run(seconds):
    board_time.power_ends_ns = seconds * 1_000_000_000
    with open("/code.py") as file:
        source = file.read()
    try:
        exec(source, program)
    except board_time.PowerCut:
        pass
