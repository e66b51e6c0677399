from . import (
    coded_mixin,
    exact_mixin,
    owned_mixin,
    technical_mixin,
    time_zone,
    res_company,
    company_clock,
    res_config_settings,
)
