import { registry } from "@web/core/registry";
import {
    arrive,
    dialogIsClosed,
    open,
    openApp,
    openMenu,
    patiently,
    press,
    pressInDialog,
    see,
    type,
} from "./steps";

const HEAD =
    "service_code,subscription_external_id,metric_code,quantity,period_start,period_end,idempotency_key";
const file = (metric) =>
    [
        HEAD,
        `nexaatlas,sub-42,api_calls,40,2026-01-10,2026-01-11,atlas/1`,
        `nexaatlas,sub-42,${metric},2.5,2026-01-11,2026-01-12,atlas/2`,
    ].join("\n");

const upload = (name, text) => ({
    content: `Upload ${name}`,
    trigger: ".o_control_panel input[type='file']:not(:visible)",
    run() {
        const files = new DataTransfer();
        files.items.add(new File([text], name, { type: "text/csv" }));
        this.anchor.files = files.files;
        this.anchor.dispatchEvent(new Event("change", { bubbles: true }));
    },
});

const lookFor = (key) => [
    type("idempotency_key", key, ".modal"),
    { content: "Leave the field", trigger: ".modal .modal-header", run: "click" },
];

const importRecords = () => [
    { trigger: ".o_cp_action_menus button", run: "click" },
    { trigger: ".o_import_menu", run: "click" },
];

registry.category("web_tour.tours").add("fusion_billing_usage", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Usage", "usage_menu", "fusion_billing_usage_menu"),
            ...importRecords(),
            see(".o_import_action a", "Import Template for Usage"),
            upload("wrong.csv", file("api_call")),
            see(".o_import_data_content", "idempotency_key"),
            press("Test", ".o_control_panel"),
            see(".o_import_report", "Line 3: There is no metric with this code."),

            press("Cancel", ".o_control_panel"),
            arrive("Usage"),
            ...importRecords(),
            upload("right.csv", file("api_calls")),
            see(".o_import_data_content", "idempotency_key"),
            press("Test", ".o_control_panel"),
            see(".o_import_action", "Everything seems valid."),
            press("Import", ".o_control_panel"),
            arrive("Imported records"),
            open("2.5"),
            see(".o_form_view .alert", "It waits to be rated"),
            {
                content: "Open the menu of usage",
                trigger: `[data-menu-xmlid="fusion_billing.usage_menu"]`,
                run: "click",
            },
            {
                content: "Find a key",
                trigger: `[data-menu-xmlid="fusion_billing.key_search_menu"]`,
                run: "click",
            },
            ...lookFor("atlas/3"),
            see(".modal .alert", "No counter has or had this key"),
            ...lookFor("atlas/1"),
            see(".modal .o_field_widget[name='usage_ids'] .o_data_row", "It waits to be rated"),
            see(".modal:not(:has(.alert:visible))"),
            pressInDialog("Done"),
            dialogIsClosed(),
        ]),
});
