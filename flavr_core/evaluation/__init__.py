"""How good a network is: pictures that were held out, drawn again, and compared with what was filmed."""
