"""Draws frames: conversion to tensors and back, device, precision, memory, tiling, the Engine."""

from flavr_core.engine.engine import Engine, create_engine

__all__ = ["Engine", "create_engine"]
