"""How an account stands: health, and margin calls with their reasons."""
