"""Reports about skills, for people and for machines. Pure."""
