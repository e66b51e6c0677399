from . import usage_correction, usage, aggregation, grouping
