"""Orders in prose that are recognised by weights learned from examples, in words nobody listed."""
