from . import usage, aggregation, usage_correction
