"""What the objectives share."""
