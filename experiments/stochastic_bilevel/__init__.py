"""The experiment stochastic_bilevel."""
