"""What methods share that divide by the root of past squares."""
