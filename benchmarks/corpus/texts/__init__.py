"""Text rewards of the corpus, and the data they are audited on."""
