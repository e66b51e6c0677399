import { registry } from "@web/core/registry";
import { patiently, see } from "./steps";

const sign = ".modal .o_web_sign_name_and_signature";

registry.category("web_tour.tours").add("fusion_billing_sign", {
    steps: () =>
        patiently([
            see("[name='fusion_offer']", "every month"),
            see("[name='fusion_price_table'] tr:contains('API calls')", "$0.01"),
            see("[name='fusion_offer']", "Usage is billed afterwards"),
            { trigger: ".o_portal_sale_sidebar a:contains('Sign')", run: "click" },
            { trigger: `${sign} input`, run: "edit Ada Acme" },
            { trigger: ".modal canvas.o_web_sign_signature", run: "canvasNotEmpty" },
            {
                trigger: ".modal .o_portal_sign_submit:enabled",
                run: "click",
                expectUnloadPage: true,
            },
            see("#quote_content", "Thank You"),
            see("[name='fusion_price_table'] tr:contains('API calls')", "$0.01"),
        ]),
});
