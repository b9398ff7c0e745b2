"""Scripts of a skill: Python and JavaScript lowered to one small form, over which data is followed."""
