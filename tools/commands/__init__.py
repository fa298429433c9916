"""One module per command of `python3 -m tools`."""
