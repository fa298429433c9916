"""CircuitPython's os module over the VM's file system."""

import os as vm_os
import random

_SETTINGS = {"LOGGER_CHECKPOINT_SECONDS": "15"}  # text, as from 10.2 on
_DRIVE_BLOCKS = 8064

listdir = vm_os.listdir
mkdir = vm_os.mkdir
remove = vm_os.remove
rename = vm_os.rename


def stat(path):
    try:
        return vm_os.stat(path)
    except OSError:
        raise OSError(2)  # Emscripten numbers ENOENT otherwise


def statvfs(path):
    return (512, 512, _DRIVE_BLOCKS, _DRIVE_BLOCKS, _DRIVE_BLOCKS, 0, 0, 0, 0, 255)


def getenv(name):
    return _SETTINGS.get(name)


def urandom(count):
    return bytes([random.getrandbits(8) for _ in range(count)])
