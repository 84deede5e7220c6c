"""Statements: text that is read and not evaluated, and the errors that a reader may meet."""
