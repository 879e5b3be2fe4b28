"""What the problems share."""
