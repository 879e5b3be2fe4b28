"""The experiment inverse_hessians."""
