"""The engine of FLAVR Studio: decode, plan, interpolate, encode. No Qt anywhere."""

__version__ = "0.1.0"
