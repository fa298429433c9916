"""The air and what lies behind it: radio, sockets, access points, names, servers."""
