"""What runs inside the walls.  Standard library and NumPy only: nothing else of this package is in there."""
