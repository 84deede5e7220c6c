"""Claims of a derivation, judged by a small kernel."""
