from . import res_company, accounting, catalogue, clock, reset, sale_order, delivery, service, api
