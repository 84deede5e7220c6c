"""Claims: what is stated, what judged it, how strongly, and what was refused."""
