"""The command line: one file per verb; nothing here computes."""
