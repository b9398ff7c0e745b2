"""Views: a record as another product's schema or line format has it. Pure; ``render`` is the way in."""
