"""`python3 -m tools board`: install the firmware on a real board, check it, watch it, read and accept it.

transport.py   what every way to a board can do; drive.py, web.py and serial_port.py are the three ways
find.py        which board is meant
install.py     firmware, libraries (libraries.py, with circup) and settings (settings.py) onto the board
doctor.py      what is wrong and what to do about it; ingest.py looks at the server's side
logs.py        the console; sessions.py the sessions; accept.py the acceptance test on the owner's own board
"""
