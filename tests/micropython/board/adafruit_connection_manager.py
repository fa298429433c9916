"""Holds no sockets here."""


def connection_manager_close_all(pool):
    pass
