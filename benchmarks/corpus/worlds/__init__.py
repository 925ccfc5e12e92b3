"""Small worlds for published hacks, each with its task and the terms that rewards are made of."""
