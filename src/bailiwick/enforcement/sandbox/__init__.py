"""The second line: one policy compiled to what the kernel lets a command reach. Plans only; ``service`` carries them out."""
