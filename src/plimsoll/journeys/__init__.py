"""One function per verb: the Python API that the command line and notebooks call."""
