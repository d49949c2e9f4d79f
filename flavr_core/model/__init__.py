"""Networks that draw the frames between frames: one file a network, one way to load them all."""
