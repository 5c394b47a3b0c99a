"""From a stated problem and a history to a parameter set."""
