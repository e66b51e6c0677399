"""End-to-end tests: real processes, real HTTP, real parallel connections."""
