"""Deeds: one file each, a Protocol for what it needs, a class that is handed it."""
