import { registry } from "@web/core/registry";
import {
    arrive,
    dialogIsClosed,
    openApp,
    openMenu,
    openTab,
    patiently,
    press,
    pressInDialog,
    see,
} from "./steps";

const preview = ".modal .o_field_widget[name='preview']";
const badge = (customer, state) =>
    see(`.o_data_row:contains("${customer}") .o_field_widget[name='fusion_state']`, state);

const pauseAll = () => [
    {
        content: "Choose all subscriptions",
        trigger: "thead .o_list_record_selector input",
        run: "click",
    },
    press("Pause", ".o_control_panel"),
    see(".modal .o_field_widget[name='count']", "2"),
    pressInDialog("Preview"),
    see(preview, "2 of 2"),
    see(`${preview} td`, "Bolt"),
    pressInDialog("Pause Subscriptions"),
    dialogIsClosed(),
];

const showAll = () => [
    {
        content: "Look for paused ones, too",
        trigger: ".o_searchview_facet .o_facet_remove",
        run: "click",
    },
    badge("Acme Ltd", "Paused"),
    badge("Bolt", "Paused"),
];

const fee = ".o_field_widget[name='order_line'] .o_data_row:contains('Pro subscription')";

const changeSeats = () => [
    {
        content: "Open a subscription",
        trigger: ".o_data_row td:contains('Acme Ltd')",
        run: "click",
    },
    arrive("S0"),
    press("Resume"),
    see(".o_statusbar_status .o_arrow_button_current", "In Progress"),
    openTab("order_lines"),
    {
        content: "Edit the number of seats",
        trigger: `${fee} td[name='product_uom_qty']`,
        run: "click",
    },
    { trigger: ".o_selected_row td[name='product_uom_qty'] input", run: "edit 3" },
    { trigger: ".o_form_button_save", run: "click" },
    see(".o_form_saved"),
    openTab("fusion_fees"),
    see(".o_field_widget[name='fusion_item_ids'] .o_data_row td[name='quantity']", "3"),
    see("button[name='action_fusion_preview_invoice']", "$"),
    openTab("fusion_usage"),
    see("canvas[aria-label^='API calls']"),
];

registry.category("web_tour.tours").add("fusion_billing_bulk", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Subscriptions", "sale_order_menu"),
            ...pauseAll(),
            ...showAll(),
            ...changeSeats(),
        ]),
});
