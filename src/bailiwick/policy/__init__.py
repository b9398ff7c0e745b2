"""The policy language: text to a compiled policy, or an error that points at file:line:column."""
