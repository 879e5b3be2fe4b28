"""The experiment evolution_strategies."""
