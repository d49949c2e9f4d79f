"""Two clips beside each other: their frames as a screen shows them, and views of both in one picture."""
