"""What `doorstep doctor` looks at, by subject."""
