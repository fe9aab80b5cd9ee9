"""Deliveries with faults under load, while everything that can be killed is killed; then what is left is counted. See docs/chaos.md."""
