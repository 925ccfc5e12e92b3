"""Recipes of systems that compose and shape rewards."""
