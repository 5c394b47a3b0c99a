"""What the machine is worth at the moment: processor, cores, memory bandwidth, load."""

from __future__ import annotations

import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

_ELEMENTS = 20_000_000


def processor() -> str:
    """Model name of the first processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def memory_bandwidth() -> float:
    """GB/s of one thread copying 160 MB arrays (read and write counted), median of five."""
    source, target = np.ones(_ELEMENTS), np.empty(_ELEMENTS)
    np.copyto(target, source)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start)
    return 2 * source.nbytes / statistics.median(times) / 1e9


def describe() -> str:
    """One line for the head of a table."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{processor()}, {os.cpu_count()} cores, copy bandwidth of one thread "
        f"{memory_bandwidth():.1f} GB/s, load average {load}, Python {platform.python_version()}, "
        f"numpy {np.__version__}."
    )


if __name__ == "__main__":
    print(describe())
