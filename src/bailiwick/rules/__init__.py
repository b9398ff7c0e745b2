"""The catalogue: one file per rule, its page beside it. Rules notice; they never decide."""
