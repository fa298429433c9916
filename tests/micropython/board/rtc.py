"""The chip's clock."""

import board_time


class RTC:
    @property
    def datetime(self):
        return board_time.localtime(board_time.time())

    @datetime.setter
    def datetime(self, parts):
        board_time.set_rtc(parts)
