"""Detection: Sigma rules over the log, in small batches, in a process of its own."""
