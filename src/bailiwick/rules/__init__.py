"""The catalogue: one file per rule, its page beside it. Rules notice; only policy decides."""
