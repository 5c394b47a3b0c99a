"""A venue's next set: tables of tiers, solved jointly, frozen where noise, dated by step limits.

- `needs`: what one table must cover. `ladders`: its cheapest tiers on the venue's caps.
- `joint`: all tables together against those in force. `conflicts`: what no set can satisfy.
- `dated`: the sets that lead from the tables in force to the next ones.
- `expiry`: the bucket of a dated future.
"""
