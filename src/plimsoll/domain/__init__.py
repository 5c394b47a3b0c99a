"""The nouns: frozen, typed, knowing no file, clock or framework."""
