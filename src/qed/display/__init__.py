"""What a reader sees: formulas, cards and figures."""
