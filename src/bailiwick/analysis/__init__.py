"""Bytes to facts: what a tool call would access. Pure, total, bounded."""
