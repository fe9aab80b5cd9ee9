"""`doorstep demo --scene fallback`: a van breaks down, and others are asked to take over what is on it."""
