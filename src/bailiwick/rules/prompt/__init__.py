"""Text meant for the model and hidden from people."""
