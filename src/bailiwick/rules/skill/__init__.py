"""What is wrong with a skill: one rule a file, its page beside it."""
