"""What app developers copy. It needs `clients/python` installed, and nothing else of ours."""
