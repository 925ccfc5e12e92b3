"""Systems that measure rewards: how far to trust them, and what optimising them does."""
