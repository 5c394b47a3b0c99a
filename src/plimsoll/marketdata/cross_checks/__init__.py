"""What only the comparison of markets shows."""
