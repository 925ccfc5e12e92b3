"""The algebra of rewards and the oracles that test it."""
