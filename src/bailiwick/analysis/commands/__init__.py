"""What each program does with its arguments, as data: one closed YAML file per command.

Plug-ins in Python exist only for real sub-languages. Unknown options and sub-commands are opaque; nothing is
presumed harmless.
"""
