import { registry } from "@web/core/registry";
import {
    arrive,
    dialogIsClosed,
    open,
    openApp,
    openMenu,
    openTab,
    patiently,
    pick,
    press,
    pressInDialog,
    retype,
    see,
} from "./steps";

const day = (days) => () => luxon.DateTime.now().plus({ days }).toFormat("MM/dd/yyyy");
const preview = ".modal .o_field_widget[name='preview'] table";
const timeline = ".o_field_widget[name='fusion_phase_ids'] .o_data_row";
const state = (label) => see(".o_statusbar_status .o_arrow_button_current", label);

const addFee = () => [
    press("Change Fees"),
    {
        content: "Choose to add a fee",
        trigger: ".modal .o_field_widget[name='operation'] input[data-value='add']",
        run: "click",
    },
    ...pick("product_id", "Set-up"),
    see(preview, "Set-up"),
    pressInDialog("Confirm"),
    dialogIsClosed(),
];

const planAChange = () => [
    press("Change Plan"),
    ...pick("plan_id", "Business"),
    // The day that is proposed comes with it, and would take the place of what is typed before.
    see(preview, "Business fee"),
    ...retype("date", day(70), ".modal"),
    pressInDialog("Change Plan"),
    dialogIsClosed(),
    see(".alert", "Business, active"),
];

const takeItBack = () => [
    openTab("fusion_timeline"),
    see(timeline, "Business"),
    {
        content: "Take back what is planned",
        trigger: `${timeline} button:contains("Take Back")`,
        run: "click",
    },
    pressInDialog("Take Back"),
    dialogIsClosed(),
    see(`body:not(:has(${timeline}:contains("Business")))`),
];

const pauseAndResume = () => [
    press("Pause"),
    see(".modal .o_field_widget[name='date']"),
    pressInDialog("Pause Subscription"),
    dialogIsClosed(),
    state("Paused"),
    press("Resume"),
    state("In Progress"),
];

const closeAndReopen = () => [
    press("Close"),
    see(".modal", "What is left is invoiced right now"),
    pressInDialog("Close Subscription"),
    dialogIsClosed(),
    state("Closed"),
    press("Reopen"),
    pressInDialog("Reopen Subscription"),
    dialogIsClosed(),
    see(".o_form_view button", "Pause"),
];

registry.category("web_tour.tours").add("fusion_billing_changes", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Subscriptions", "sale_order_menu"),
            open("Acme Ltd"),
            arrive("S0"),
            ...addFee(),
            ...planAChange(),
            ...takeItBack(),
            ...pauseAndResume(),
            ...closeAndReopen(),
        ]),
});
