"""Number types in which closed forms run, and powers without cancellation."""
