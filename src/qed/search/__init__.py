"""Tactics that propose; whatever they find is concluded by the kernel or not at all."""
