"""`./dev demo`: apps, their customers and a month of requests, billed and recounted."""
