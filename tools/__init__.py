"""What people run: the commands, the local stack, the simulated board."""
