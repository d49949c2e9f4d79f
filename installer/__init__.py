"""Sets the program up on a bare machine and starts it. Standard library only."""
