"""Bailiwick: governance and security control plane for Claude Code in an enterprise."""

__version__ = "0.1.0"
