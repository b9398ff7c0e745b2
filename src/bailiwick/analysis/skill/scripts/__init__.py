"""What lines and files of a skill's scripts do together, in whatever language: a second look beside the followers."""
