"""What a user would put on the board instead of firmware/code.py: small programs that save once a minute.

Each prints at its start what it still knows, one line `kept BOOT RUN_SECONDS` per session.
"""

from __future__ import annotations

SAVE_SECONDS = 60

RENAME = """
import json
import os
import time


def load():
    # Kinder than most: a cut between the two steps of the renaming is made good from the temporary file.
    for path in ("/sessions.json", "/sessions.tmp"):
        try:
            with open(path) as file:
                return json.load(file)
        except (OSError, ValueError):
            pass
    return []


def save():
    with open("/sessions.tmp", "w") as file:
        file.write(json.dumps(sessions))
    os.rename("/sessions.tmp", "/sessions.json")


sessions = load()
for one in sessions:
    print("kept", one["boot"], one["run_seconds"])
session = {
    "boot": sessions[-1]["boot"] + 1 if sessions else 1,
    "start": "2000-01-01T00:00:00Z",
    "last_update": "2000-01-01T00:00:00Z",
    "run_seconds": 0,
    "acked_run_seconds": 0,
    "status": "open",
}
sessions.append(session)
while True:
    time.sleep(60)
    session["run_seconds"] += 60
    save()
"""

APPEND = """
import time

sessions = {}
try:
    with open("/log.txt") as file:
        for line in file:
            try:
                boot, seconds = line.split(",")[0:2]
                sessions[int(boot)] = int(seconds)
            except ValueError:
                pass
except OSError:
    pass
for boot in sessions:
    print("kept", boot, sessions[boot])
boot = max(sessions) + 1 if sessions else 1
seconds = 0
while True:
    time.sleep(60)
    seconds += 60
    with open("/log.txt", "a") as file:
        file.write("%d,%d,2000-01-01T00:00:00Z,2000-01-01T00:00:00Z\\n" % (boot, seconds))
"""

NVM = """
import microcontroller
import struct
import time

SLOTS = 1024
sessions = {}
newest = -1
for slot in range(SLOTS):
    boot, seconds = struct.unpack("<II", microcontroller.nvm[slot * 8 : slot * 8 + 8])
    if boot not in (0, 0xFFFFFFFF):
        sessions[boot] = slot
        print("kept", boot, seconds)
boot = max(sessions) + 1 if sessions else 1
slot = (sessions[boot - 1] + 1) % SLOTS if sessions else 0
seconds = 0
while True:
    time.sleep(60)
    seconds += 60
    microcontroller.nvm[slot * 8 : slot * 8 + 8] = struct.pack("<II", boot, seconds)
"""

# One POST per message on a connection of its own, with the fields that the function asks for.
SENDER = """
import adafruit_connection_manager
import adafruit_requests
import json
import ssl
import time
import wifi
from secrets import secrets

wifi.radio.connect(secrets["networks"][0][0], secrets["networks"][0][1])
pool = adafruit_connection_manager.get_radio_socketpool(wifi.radio)
requests = adafruit_requests.Session(pool, adafruit_connection_manager.get_radio_ssl_context(wifi.radio))


def send(start, seconds, status):
    message = {
        "device_uuid": "550e8400-e29b-41d4-a716-446655440000",
        "session_start": start,
        "run_seconds": seconds,
        "last_update": start,
        "status": status,
        "msg_id": "550e8400-e29b-41d4-a716-446655440000:%s:%d" % (start, seconds),
    }
    headers = {"Connection": "close", "X-Device-Key": "00" * 32}
    reply = requests.post(secrets["ingest_url"], json=message, headers=headers, timeout=6)
    reply.json()
    reply.close()
    adafruit_connection_manager.connection_manager_close_all(pool)


for number in range(secrets["backlog"]):
    send("2026-01-%02dT%02d:%02d:00Z" % (1 + number // 720, number // 30 % 24, number % 30 * 2), 60, "closed")
print("drained")
seconds = 0
while True:
    time.sleep(60)
    seconds += 60
    send("2026-03-02T08:00:00Z", seconds, "open")
"""
