"""Draws frames: conversion to tensors and back, device, precision, padding, tiling, the Engine."""
