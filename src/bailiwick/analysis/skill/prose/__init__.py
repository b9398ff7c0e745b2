"""What the words of a skill ask for, sentence by sentence, each with those around it."""
