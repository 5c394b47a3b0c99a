"""What a venue states about risk, and the targets that follow from it."""
