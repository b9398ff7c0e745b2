"""Text: secrets and hidden characters in any string."""
