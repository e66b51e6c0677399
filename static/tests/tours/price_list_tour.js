import { registry } from "@web/core/registry";
import {
    choose,
    create,
    dialogIsClosed,
    openApp,
    openMenu,
    openTab,
    patiently,
    pick,
    pickNew,
    press,
    pressInDialog,
    save,
    see,
    type,
} from "./steps";

const CURVE = ".o_field_widget[name='price_curve']";
const TIERS = ".o_field_widget[name='tier_ids']";

/** A row comes when the server has answered; what is typed before then lands in the row above. */
const tier = (number, upTo, price) => {
    const row = `${TIERS} .o_data_row.o_selected_row:nth-child(${number})`;
    return [
        { content: "Add a tier", trigger: `${TIERS} .o_field_x2many_list_row_add a`, run: "click" },
        type("up_to", upTo, row),
        type("unit_amount", price, row),
    ];
};

registry.category("web_tour.tours").add("fusion_billing_price_list", {
    steps: () =>
        patiently([
            ...openApp(),

            ...openMenu("Metrics", "configuration_menu", "fusion_billing_metric_menu"),
            ...create(),
            type("name", "Map tiles"),
            { content: "Leave the name", trigger: ".alert", run: "click" },
            see(".o_field_widget[name='code'] input:value(map_tiles)"),
            see(".alert", "all counters of a billing period add up"),
            ...save(),

            ...openMenu("Plans", "configuration_menu", "fusion_billing_plan_menu"),
            ...create(),
            type("name", "Atlas, monthly"),
            openTab("charges"),
            see(".o_field_widget[name='code'] input:value(atlas-monthly)"),
            {
                content: "Add a charge",
                trigger: ".o_field_widget[name='charge_ids'] .o_field_x2many_list_row_add a",
                run: "click",
            },
            ...pick("metric_id", "Map tiles"),
            ...pickNew("product_id", "Tiles served"),
            type("included_quota", "100"),
            ...choose("charge_model", "Graduated"),
            openTab("tiers"),
            ...tier(1, "1000", "0.5"),
            see(".modal .alert-danger", "Map tiles: Tier 1 is the last one and must have no end"),
            ...tier(2, "", "0.125"),
            see(`${TIERS} .o_data_row:nth-child(2) td[name='above']`, "1,000"),
            { content: "Leave the table", trigger: ".modal-header", run: "click" },
            see(`${CURVE} canvas`),
            see(`${CURVE} tr:has(td:contains("1,100")) td`, "$500.00"),
            see(".modal .alert", "100 Map tiles included"),
            pressInDialog("Save"),
            dialogIsClosed(),
            see(
                ".o_field_widget[name='charge_ids'] .o_data_row",
                "$0.50 up to 1,000; $0.125 above",
            ),
            ...save(),

            press("What Would It Cost?"),
            {
                content: "Type what would be used",
                trigger: ".modal .o_data_row td[name='quantity']",
                run: "click",
            },
            type("quantity", "1300.5"),
            pressInDialog("Estimate"),
            see(".modal tr", "1,300.5"),
            see(".modal tr", "Included in the plan"),
            see(".modal h3", "Total: $525.06"),
            pressInDialog("Close"),
            dialogIsClosed(),
        ]),
});
