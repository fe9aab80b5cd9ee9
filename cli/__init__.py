"""The command line `doorstep`."""
