"""The outer search: bounded mixed parameters, deterministic, resumable, any number of workers."""
