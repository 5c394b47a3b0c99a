"""What the models share that margin contracts one by one: stand-alone positions, sizes, fills."""
