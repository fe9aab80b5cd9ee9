"""`doorstep demo --scene hub-down`: a hub stands still, and many deliveries with it; it is one disruption."""
