"""How this run of code.py began."""


class RunReason:
    STARTUP = 0


class _Runtime:
    run_reason = RunReason.STARTUP


runtime = _Runtime()
