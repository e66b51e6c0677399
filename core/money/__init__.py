"""What usage costs, and for which days: exact numbers, prices, billing periods."""
