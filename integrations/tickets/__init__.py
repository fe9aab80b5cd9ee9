"""Desks of other systems: Zendesk, Request Tracker, whatever takes a signed call."""
