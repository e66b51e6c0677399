from . import readiness, traffic, metrics
