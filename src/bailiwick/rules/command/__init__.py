"""Commands that do something worth knowing beyond the files they touch."""
