"""When a worker leaves by itself: what it counts, and what it leaves for."""
