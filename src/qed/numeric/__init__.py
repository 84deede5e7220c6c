"""The numeric route: FLINT evaluates, encloses and looks for counterexamples."""
