from . import (
    exact_mixin,
    res_company,
    res_config_settings,
)
