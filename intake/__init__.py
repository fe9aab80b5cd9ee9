"""Doors for machines, over HTTP: check who speaks, read, hand on. No decisions."""
