"""Recipes of systems that design rewards."""
