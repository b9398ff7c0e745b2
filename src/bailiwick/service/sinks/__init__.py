"""Sinks: the log, sent to other systems. Each reads the log by its own cursor, in a process of its own."""
