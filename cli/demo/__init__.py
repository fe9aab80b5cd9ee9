"""`doorstep demo`: a delivery day in about a minute, with faults, on the real parts, and a report on what was noticed."""
