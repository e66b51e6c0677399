from . import readiness
