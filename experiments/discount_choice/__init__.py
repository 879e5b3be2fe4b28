"""The experiment discount_choice."""
