"""Which of several models forecasts best: by score, with the doubt that remains."""
