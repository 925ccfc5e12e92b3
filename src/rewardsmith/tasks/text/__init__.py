"""Small text-like tasks whose truth is known."""
