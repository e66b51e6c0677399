import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";
import {
    dialogIsClosed,
    goBack,
    open,
    openApp,
    openMenu,
    openTab,
    patiently,
    press,
    pressInDialog,
    save,
    see,
    type,
} from "./steps";

let secret;

function checkColors() {
    const { datasets } = Chart.getChart(this.anchor).data;
    const colors = datasets.map(({ label, backgroundColor }) => `${label}: ${backgroundColor}`);
    for (const expected of ["Success / NexaMaps: #28a745", "Failure / NexaMaps: #dc3545"]) {
        if (!colors.includes(expected)) {
            throw new Error(`${expected} is not among ${colors.join(", ")}`);
        }
    }
}

registry.category("web_tour.tours").add("fusion_billing_webhook_endpoint", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Services", "configuration_menu", "fusion_billing_service_menu"),
            open("NexaMaps"),
            openTab("webhooks"),
            type("webhook_url", () => cookie.get("endpoint")),
            ...save(),
            see(".alert", "Nothing is sent until there is a secret"),

            press("Generate Secret"),
            pressInDialog("Generate Secret"),
            see(".modal .alert", "It cannot be shown again"),
            {
                content: "Copy the secret that is shown",
                trigger: ".modal code:contains('whsec_')",
                run() {
                    secret = this.anchor.textContent.trim();
                },
            },
            pressInDialog("Done"),
            dialogIsClosed(),
            {
                ...see(".o_field_widget[name='webhook_secret_ids'] .o_data_row", "whsec_"),
                run() {
                    if (document.documentElement.outerHTML.includes(secret)) {
                        throw new Error("The secret is still on the page.");
                    }
                },
            },

            press("Send Test Event"),
            see(".o_notification", "is on its way"),
        ]),
});

registry.category("web_tour.tours").add("fusion_billing_webhook_events", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Events", "webhook_menu", "fusion_billing_webhook_delivery_menu"),
            see(".o_list_view .o_data_row:contains('Delivered')", "NexaMaps"),
            see(".o_list_view .o_data_row:contains('Failed')", "NexaMaps"),

            { content: "Switch to the kanban", trigger: ".o_switch_view.o_kanban", run: "click" },
            see(".o_kanban_group:contains('Failed') .o_kanban_record", "The endpoint answered 500"),
            {
                content: "Open the event that was delivered",
                trigger:
                    ".o_kanban_group:contains('Delivered') .o_kanban_record:contains('NexaMaps')",
                run: "click",
            },
            see(".o_statusbar_status .o_arrow_button_current", "Delivered"),
            see(".o_field_widget[name='attempt_ids'] .o_data_row:contains('Success')", "200"),
            openTab("request"),
            see(".o_field_widget[name='request']", "It works."),

            ...goBack("Events"),
            {
                content: "Open the event that failed",
                trigger: ".o_kanban_group:contains('Failed') .o_kanban_record:contains('NexaMaps')",
                run: "click",
            },
            see(".alert", "The endpoint answered 500"),
            openTab("attempts"),
            see(".o_field_widget[name='attempt_ids'] .o_data_row:contains('Failure')", "500"),
            press("Send Again"),
            see(".o_statusbar_status .o_arrow_button_current", "Waiting"),

            ...openMenu("Deliveries by Day", "webhook_menu", "fusion_billing_webhook_attempt_menu"),
            {
                content: "See successes in green and failures in red",
                trigger: ".o_graph_canvas_container canvas",
                run: checkColors,
            },
        ]),
});
