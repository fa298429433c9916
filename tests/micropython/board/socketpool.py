"""Sockets: the VM has none. A time server that is right answers here; adafruit_requests.py stands for the rest."""

import struct

import board_time

NTP_TO_UNIX_SECONDS = 2_208_988_800


class _Datagram:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def settimeout(self, seconds):
        pass

    def sendto(self, packet, address):
        self._asked = bytes(packet[40:48])

    def recv_into(self, buffer):
        now = board_time.true_utc() + NTP_TO_UNIX_SECONDS
        buffer[0:2] = b"\x24\x02"
        buffer[24:32] = self._asked
        buffer[40:48] = struct.pack("!II", now, 0)
        return 48


class SocketPool:
    AF_INET = 2
    SOCK_DGRAM = 2

    def __init__(self, radio):
        self.radio = radio

    def getaddrinfo(self, host, port):
        return [(self.AF_INET, self.SOCK_DGRAM, 0, "", (host, port))]

    def socket(self, family, kind):
        return _Datagram()
