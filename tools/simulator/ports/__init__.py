"""How a computer reaches a board: its serial port, and the web workflow."""
