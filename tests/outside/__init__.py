"""What somebody does who installed the package and has no checkout of it."""
