"""What each panel shows and allows. QtCore only, so that it is tested without a window."""
