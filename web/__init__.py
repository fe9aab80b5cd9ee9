"""Doors for people. Pages read the store; one delivery is asked of its workflow."""
