"""What should happen? YAML in; verdicts and the next wake-up out. Pure: no I/O but reading the files that it is given, no clock."""
