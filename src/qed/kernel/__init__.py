"""Statements, and the only code that may conclude."""
