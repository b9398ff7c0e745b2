"""Records, redaction, sealing and verification as pure functions; the service stores them."""
