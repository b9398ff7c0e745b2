"""PAP: what is done with policies: compile, compare, simulate, explain, roll out."""
