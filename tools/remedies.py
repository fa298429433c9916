"""The commands that findings and errors tell people to type. Each stands here once, and a test runs every one.

Words in capitals (URL, TOKEN, NAME, PASSWORD, RATIO, VOLTS) stand for what the reader has to fill in.
"""

import re

TOOLS = "python3 -m tools"
SERVE = f"{TOOLS} serve"
DEPLOY = f"{TOOLS} deploy"
DEPLOY_TOKEN = f"{DEPLOY} --access-token TOKEN"
BACKUP = f"{TOOLS} backup"
DOCTOR = f"{TOOLS} board doctor"
INSTALL = f"{TOOLS} board install"
INSTALL_URL = f"{INSTALL} --ingest-url URL"
INSTALL_TOKEN = f"{INSTALL} --access-token TOKEN"
INSTALL_WIFI = f"{INSTALL} --wifi NAME"
INSTALL_WEB = f"{INSTALL} --wifi NAME --web-password PASSWORD"
INSTALL_SENSE = f"{INSTALL} --sense-pin NAME --sense-ratio RATIO"
CALIBRATE = f"{TOOLS} board calibrate VOLTS"
LOGS = f"{TOOLS} board logs"
SEND = f"{TOOLS} board sessions --send"

ALL = (
    SERVE,
    DEPLOY,
    DEPLOY_TOKEN,
    BACKUP,
    DOCTOR,
    INSTALL,
    INSTALL_URL,
    INSTALL_TOKEN,
    INSTALL_WIFI,
    INSTALL_WEB,
    INSTALL_SENSE,
    CALIBRATE,
    LOGS,
    SEND,
)


def for_board(text: str, where: str) -> str:
    """The text with its board commands aimed at the board that it is about: `where` is "--path FOLDER" or the like."""

    def aim(found: re.Match[str]) -> str:
        # A drive has no console: these find the port by themselves.
        aimed = where and not (found[1] in ("logs", "calibrate") and where.startswith("--path"))
        return f"{found[0]} {where}" if aimed else found[0]

    return re.sub(rf"{re.escape(TOOLS)} board (\w+)", aim, text)
