"""The processor with CircuitPython: power, resets, the supervisor's loop, the program and its modules."""
