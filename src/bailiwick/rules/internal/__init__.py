"""What detection says about itself: where it could not look."""
