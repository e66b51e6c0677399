import { registry } from "@web/core/registry";
import { arrive, openApp, patiently, pick, press, save, see, type } from "./steps";

const step = (key) => `.o_fusion_checklist [data-step="${key}"]`;

const start = (key, button) => [
    see(`${step(key)}[data-done="0"]`),
    press(button, step(key)),
    arrive("New"),
];

const comeBack = (...keys) => [
    { trigger: '[data-menu-xmlid="fusion_billing.fusion_billing_dashboard_menu"]', run: "click" },
    arrive("Dashboard"),
    ...keys.map((key) => see(`${step(key)}[data-done="1"]`)),
];

registry.category("web_tour.tours").add("fusion_billing_dashboard", {
    steps: () =>
        patiently([
            ...openApp(),
            arrive("Dashboard"),
            see(`${step("service")} pre`, "/fusion/api/v1/catalog"),
            ...start("metric", "Create a metric"),
            type("name", "Map tiles"),
            type("code", "map_tiles"),
            ...save(),
            ...comeBack("metric"),

            ...start("subscription", "Create a subscription"),
            ...pick("partner_id", "Acme Ltd"),
            ...pick("fusion_plan_id", "pro"),
            press("Confirm"),
            see(".o_statusbar_status .o_arrow_button_current", "In Progress"),
            ...comeBack("metric", "subscription"),
            see(`${step("event")}[data-done="0"] pre`, '"metric_code": "map_tiles"'),

            see("[data-tile='recurring'] .o_fusion_figure", "49.00"),
            see(".o_fusion_dashboard canvas"),
            {
                content: "Choose a plan that nobody is on",
                trigger: ".o_fusion_dashboard select[name='plan_id']",
                run: "selectByLabel Empty",
            },
            see("[data-tile='recurring'] .o_fusion_figure", "0.00"),
            {
                content: "Choose all plans",
                trigger: ".o_fusion_dashboard select[name='plan_id']",
                run: "selectByLabel All plans",
            },
            see("[data-tile='3_progress'] .o_fusion_figure", "1"),
            press("1", "[data-tile='3_progress']"),
            arrive("In Progress"),
            see(".o_list_view .o_data_row", "Acme Ltd"),
        ]),
});
