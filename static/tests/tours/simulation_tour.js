import { registry } from "@web/core/registry";
import {
    arrive,
    open,
    openApp,
    openMenu,
    patiently,
    press,
    pressInDialog,
    see,
    type,
} from "./steps";

const PRICE = ".modal:has(.o_field_widget[name='price_curve'])";

registry.category("web_tour.tours").add("fusion_billing_simulation", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Plans", "configuration_menu", "fusion_billing_plan_menu"),
            open("pro"),
            arrive("pro"),
            press("Simulate a Price Change"),
            {
                content: "Open the price",
                trigger: ".modal .o_field_widget[name='price_ids'] td[name='metric_id']",
                run: "click",
            },
            type("price_per_unit", "3", PRICE),
            { content: "Leave the price", trigger: `${PRICE} .modal-header`, run: "click" },
            see(`${PRICE} .o_field_widget[name='price_summary']`, "$3.00 each"),
            pressInDialog("Save"),
            see(".modal td[name='price_summary']", "$3.00 each"),
            pressInDialog("Simulate"),
            arrive("pro, at other prices"),
            see(".o_group_header", "Acme Ltd"),
            see(".o_group_header .o_list_number", "30.00"),
        ]),
});
