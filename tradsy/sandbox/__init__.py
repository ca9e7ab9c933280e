"""Local servers that speak each venue's wire, with fault injection and a ground-truth file.

A sandbox is a process of its own on `simulation`; it shares no code with the adapter that it checks. State comes
only from requests, the clock and the engine, never from a script. Each change is in the truth file, fsynced, before
the answer or the stream event leaves.
"""
