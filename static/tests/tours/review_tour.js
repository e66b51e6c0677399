import { registry } from "@web/core/registry";
import { openApp, openMenu, patiently, press, see } from "./steps";

const ROW = ".o_list_view .o_data_row";

registry.category("web_tour.tours").add("fusion_billing_review", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Drafts to Review", "documents_menu", "account_move_review_menu"),
            see(`${ROW}:contains("298.00"):not(:contains("→"))`),
            see(
                `${ROW}:contains("302.00") td[name='fusion_movements']`,
                "API calls: $200.00 → $302.00 (+51 %)",
            ),
            press("Approve", `${ROW}:contains("302.00")`),
            see(".o_notification", "Posted: 1."),
            see(`body:not(:has(${ROW}:contains("302.00")))`),
            {
                content: "Select all that are left",
                trigger: ".o_list_view thead .o_list_record_selector input",
                run: "click",
            },
            press("Approve", ".o_control_panel"),
            see(".o_view_nocontent", "No draft waits for you"),
        ]),
});
