"""What stands behind the next set: ladders against those in force, limits, conflicts, schedule.

- `part`: all of it as a part of the calibration. `ladder_table`, `schedule_tables`: its tables.
- `checks`: its lines of the verdict. `dated_sets`: the parameter set of each date.
"""
