"""Sockets: the VM has none; adafruit_requests.py and adafruit_ntp.py beside this file answer without."""


class SocketPool:
    def __init__(self, radio):
        self.radio = radio
