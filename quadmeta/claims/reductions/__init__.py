"""How statements are brought onto boxes of few parameters."""
