"""Provider tokens as data: one line each; ``analysis.text.table`` says how they are read."""
