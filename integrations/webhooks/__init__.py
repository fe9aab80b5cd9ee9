"""Other systems are told by signed HTTP calls."""
