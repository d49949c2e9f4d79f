"""Draws frames: conversion to tensors and back, device, precision, memory, tiling, the Engine."""

from flavr_core.engine.creation import create_engine, takes_loading
from flavr_core.engine.engine import Engine

__all__ = ["Engine", "create_engine", "takes_loading"]
