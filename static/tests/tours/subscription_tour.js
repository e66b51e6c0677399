import { registry } from "@web/core/registry";
import {
    arrive,
    create,
    goBack,
    open,
    openApp,
    openMenu,
    openTab,
    patiently,
    pick,
    press,
    pressInDialog,
    retype,
    save,
    see,
    type,
} from "./steps";

// A billing period of a month that ended some days ago.
const start = () => luxon.DateTime.now().minus({ months: 1, days: 3 }).startOf("day");
const day = () => start().toFormat("MM/dd/yyyy");
const hour = (number) => () =>
    start().plus({ days: 5, hours: number }).toFormat("MM/dd/yyyy HH:mm:ss");

const smartButton = (method, title) => [
    {
        content: `Press the smart button ${method}`,
        trigger: `.o-form-buttonbox button[name="${method}"]`,
        run: "click",
    },
    arrive(title),
];

registry.category("web_tour.tours").add("fusion_billing_subscription", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Subscriptions", "sale_order_menu"),
            ...create(),
            ...pick("partner_id", "Acme Ltd"),
            ...pick("fusion_plan_id", "pro"),
            openTab("fusion_subscription"),
            type("fusion_start_date", day),
            press("Confirm"),
            see(".o_statusbar_status .o_arrow_button_current", "In Progress"),

            ...smartButton("action_view_fusion_usage", "Usage"),
            ...create(),
            ...pick("metric_id", "API calls"),
            type("quantity", "130.5"),
            ...retype("period_start", hour(8)),
            ...retype("period_end", hour(9)),
            ...save(),
            ...goBack("Usage"),
            see(".o_list_view .o_data_row", "130.5"),
            ...goBack("S0"),

            press("Rate Now"),
            see(".o_notification", "All usage until now is rated."),
            openTab("order_lines"),
            see(
                ".o_field_widget[name='order_line'] .o_data_row",
                "130.5 used, 100 included, 30.5 billed",
            ),

            ...smartButton("action_view_fusion_ratings", "Ratings"),
            see(".o_list_view .o_data_row", "61.00"),
            open("API calls"),
            see(".o_field_widget[name='receipt'] tr", "30.5 at $2.00 each"),
            see(".o_field_widget[name='receipt'] tr", "Amount, rounded"),
            ...goBack("S0"),

            press("Invoice Now"),
            see(".modal td", "130.5 used, 100 included, 30.5 billed"),
            see(".modal", "$61.00"),
            pressInDialog("Invoice"),
            see(".o_statusbar_status .o_arrow_button_current", "Posted"),
            see(
                ".o_field_widget[name='invoice_line_ids'] .o_data_row",
                "130.5 used, 100 included, 30.5 billed",
            ),
            see(".o_field_widget[name='tax_totals']", "61.00"),
        ]),
});
