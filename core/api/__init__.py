"""What the API reads and writes: paths, fields, events, pages, errors, JSON."""
