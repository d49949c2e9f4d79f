"""The panels of the window, one a view model."""
