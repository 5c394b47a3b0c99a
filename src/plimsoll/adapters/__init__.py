"""The world outside: files, venues, processes. The core knows none of it."""
