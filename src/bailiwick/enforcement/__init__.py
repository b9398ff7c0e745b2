"""PEP: the client's wire format, the launcher's and installer's plans."""
