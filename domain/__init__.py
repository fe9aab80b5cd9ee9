"""What we talk about: deliveries, events, promises, incidents. Standard library only; no I/O, no clock."""
