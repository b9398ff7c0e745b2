"""Skills: a tree of bytes to the capabilities in it, with evidence. Pure and total."""
