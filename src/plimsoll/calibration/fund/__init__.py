"""How large the insurance fund must be, and what each market costs it."""
