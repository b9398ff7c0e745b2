"""Orders in prose read by their sense: words to classes, classes to frames."""
