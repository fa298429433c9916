"""A server that stores all it is sent."""

import json

import board_time


class _Response:
    def __init__(self, reply):
        self.status_code = 200
        self.headers = {"content-type": "application/json"}
        self._body = json.dumps(reply).encode()

    def iter_content(self, size):
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]

    def close(self):
        pass


class Session:
    def __init__(self, pool, context):
        pass

    def request(self, method, url, data=None, headers=None, timeout=None, allow_redirects=True):
        now = board_time.localtime(board_time.true_utc())
        reply = {
            "ok": True,
            "server_time": "%04d-%02d-%02dT%02d:%02d:%02dZ" % tuple(now[0:6]),
            "server_id": "b0d1c7a2",
            "new_device": False,
        }
        if method == "POST":
            print("server: %s" % data.decode())
            reply["results"] = [{"msg_id": message["msg_id"], "outcome": "stored"} for message in json.loads(data)]
        return _Response(reply)
