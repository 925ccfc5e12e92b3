"""Optimisers: train policies (or sequences, or generators) under a reward."""
