"""Orders in prose that are recognised by what was learned from examples, in words nobody listed."""
