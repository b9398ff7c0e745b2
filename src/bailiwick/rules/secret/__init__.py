"""Credentials in what a person, the agent or a tool wrote."""
