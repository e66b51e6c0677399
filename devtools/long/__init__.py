"""`./dev test --long`: what an ordinary run has no time for."""
