"""Data, losses and the loop that train the program's own networks. Nothing in the product imports this."""
