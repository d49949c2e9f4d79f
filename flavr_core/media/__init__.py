"""Clips in and out: what is in a file, its frames in order, and the file that is written."""
