"""A random walk of app, staff and clock at once, over HTTP alone.

Each actor is a thread with a source of chance of its own: what each tries is told by the seed, what
comes of it by who is faster. `e2e.audit` recounts afterwards.
"""
