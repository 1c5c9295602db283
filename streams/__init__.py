"""Kafka to state to indicators to alerts."""

import os

# Rules run on frames of some hundred rows, where handing work to a pool costs more than it saves: a simulated
# lockdown took 8.1 s instead of 10.8 on two cores. It must be said before polars is first imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
