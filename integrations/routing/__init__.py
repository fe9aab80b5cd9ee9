"""Travel times and the order of stops: a built-in estimate, and the VROOM solver."""
