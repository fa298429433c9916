"""Gives code.py the right to write, and brings it back after errors that it cannot catch itself.

The ways back in: CTRL-C and another key at the console, which code.py answers by ending without an error; or the
button, held while the board starts, after which a computer may write to the drive and nothing is started again.
Prints nothing that varies: CircuitPython rewrites boot_out.txt whenever its text changes, and every such write
endangers the drive.
"""

import board
import digitalio
import storage
import supervisor


def maintenance_button_held() -> bool:
    """Whether the BOOT button (or D0) is held down; boards without a known button have no maintenance hatch."""
    for name in ("BOOT0", "BUTTON", "BOOT", "D0"):
        pin = getattr(board, name, None)
        if pin is None:
            continue
        button = digitalio.DigitalInOut(pin)
        button.switch_to_input(pull=digitalio.Pull.UP)
        held = not button.value
        button.deinit()
        return held
    return False


def has_psram() -> bool:
    """Whether there is room for code.py: compiling it takes more than a chip without PSRAM has."""
    try:
        import espidf

        return espidf.get_total_psram() > 0
    except (ImportError, AttributeError):
        return True  # nobody can tell


if not has_psram():
    print("No PSRAM: the logger does not fit on this board, see DEPLOYMENT.md")

if not maintenance_button_held():
    try:
        storage.remount("/", readonly=False)
    except RuntimeError:
        pass  # boards without native USB: Python may always write
    # A syntax or memory error at compile time is not caught by code.py: run it again instead of parking. A program
    # that ends well was stopped at the console.
    try:
        supervisor.set_next_code_file(
            "code.py",
            reload_on_error=True,
            sticky_on_error=True,
            sticky_on_success=True,
            sticky_on_reload=True,
        )
    except ValueError:
        pass  # from CircuitPython 10 on, without a code.py: an update was cut short, and main.py runs
