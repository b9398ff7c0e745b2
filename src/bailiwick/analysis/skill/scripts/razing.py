"""What a script does that leaves nothing of a tree, a table or a row of files."""

import re

RAZES = re.compile(
    r"\bshutil\.rmtree\((?![^)\n]{0,300}(?:cache|te?mp|build|dist))|\b(?:fs\.)?(?:rm|rmSync|rmdirSync)\([^\n]{0,300}recursive|\brm\s+-\w*[rR]\w*\s|\bRemove-Item\b[^\n]{0,200}-Recurse|\bRemoveAll\(|\bremove_dir_all\(|\bFileUtils\.rm_r\w*|\bDROP (?:TABLE|DATABASE|SCHEMA)\b|\bDELETE FROM\b|\bTRUNCATE\b|\bfor\b[^\n]{0,200}\n?[^\n]{0,200}(?:\b(?:os\.(?:remove|unlink)|unlinkSync)\(|\.unlink\(\)|\.write_(?:bytes|text)\(\s*b?[\"']{2}\s*\)|\.truncate\()"
)
"""What leaves nothing of a tree or a table."""
