from . import (
    coded_mixin,
    exact_mixin,
    owned_mixin,
    technical_mixin,
    time_zone,
    res_company,
    res_config_settings,
)
