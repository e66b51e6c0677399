import { registry } from "@web/core/registry";
import {
    dialogIsClosed,
    openApp,
    openMenu,
    patiently,
    pick,
    press,
    pressInDialog,
    see,
    type,
} from "./steps";

const ROWS = ".o_field_widget[name='open_row_ids']";

const totals = ["subscription,metric,quantity", "sub-42,api_calls,120", "sub-99,api_calls,7"].join(
    "\n",
);

/** What a person does by dropping a file. */
const upload = (name, text) => ({
    content: `Upload ${name}`,
    trigger: ".modal .o_field_widget[name='file'] input[type='file']:not(:visible)",
    run() {
        const files = new DataTransfer();
        files.items.add(new File([text], name, { type: "text/csv" }));
        this.anchor.files = files.files;
        this.anchor.dispatchEvent(new Event("change", { bubbles: true }));
    },
});

registry.category("web_tour.tours").add("fusion_billing_reconciliation", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Reconciliations", "reporting_menu", "fusion_billing_reconciliation_menu"),
            press("Compare Totals", ".o_list_view"),
            ...pick("service_id", "NexaAtlas"),
            upload("last_month.csv", totals),
            see(".modal .o_field_widget[name='file'] input[type='text'], .modal .o_form_uri"),
            pressInDialog("Compare"),
            dialogIsClosed(),

            see(".alert", "2 of 2 totals do not match"),
            see(`${ROWS} .o_data_row`, "They have 120, we have 130: we count 10 more."),
            see(`${ROWS} .o_data_row`, "They have 7; we know no such subscription."),
            {
                content: "Explain a difference",
                trigger: `${ROWS} .o_data_row:contains("sub-99") td[name='explanation']`,
                run: "click",
            },
            type("explanation", "A trial that ended", ROWS),
            press("Close", `${ROWS} .o_data_row:contains("sub-99")`),
            see(`${ROWS}:not(:contains("sub-99"))`),
            see(".alert", "1 of these are to be explained"),
        ]),
});
