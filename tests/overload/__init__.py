"""What a gateway does under more than it can answer, beside slow clients, and for long: real processes, real time.

    python -m tests.overload.knee            three times the knee
    python -m tests.overload.slow            a thousand slow clients beside usual ones
    python -m tests.overload.interleavings   merged calls of many callers, in virtual time
    python -m tests.overload.soak            half load, with sources that fail, for as long as is asked

Each prints a table. The gateway has a processor of its own; the sources and the load share the rest.
"""
