"""What Doorstep costs, measured against something bare in the same run, since a machine's own speed says little."""
