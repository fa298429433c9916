"""The watchdog's modes."""


class WatchDogMode:
    RESET = 1
