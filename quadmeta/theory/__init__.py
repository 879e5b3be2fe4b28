"""Results in closed form that need no problem: bounds, filters, phases, risks and spectra."""
