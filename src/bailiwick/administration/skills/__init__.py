"""Skill approvals as signed statements, and the lock that holds them. Pure."""
