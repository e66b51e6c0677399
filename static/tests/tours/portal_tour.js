import { registry } from "@web/core/registry";
import { patiently, see } from "./steps";

const leave = (content, trigger) => ({ content, trigger, run: "click", expectUnloadPage: true });

const type = (id, value) => ({ content: `Type ${value}`, trigger: `#${id}`, run: `edit ${value}` });

/** A customer on a phone: what did I use, what does it cost, tell me, another plan, enough of it. */
registry.category("web_tour.tours").add("fusion_billing_portal", {
    steps: () =>
        patiently([
            leave("Open the subscriptions", ".o_portal_index_card a[href='/my/subscriptions']"),
            leave("Open the first one", ".o_portal_my_doc_table td a"),
            see("#usage", "130.5 used: 100 included, 30.5 over it"),
            {
                content: "Ask how the amount comes about",
                trigger: "#usage summary:contains('How this amount comes about')",
                run: "click",
            },
            see("#usage details[open] td", "30.5 at $2.00 each"),
            type("fusion_budget", "50"),
            type("fusion_alert_0", "40"),
            leave("Save the budget and the alert", "#alerts button[type='submit']"),
            see("#alerts", "$61.00 of your budget of $50.00 is used"),
            leave("Look for another plan", "a[href$='/plan']"),
            see("table", "Business fee"),
            leave("Change to it", "button:contains('Change to Business')"),
            see(".alert-success", "It is done"),
            see("h1", "Business"),
            leave("Cancel it after all", "a[href$='/cancel']"),
            type("fusion_reason", "Too dear"),
            leave("Confirm", "button:contains('Cancel Subscription')"),
            see(".alert-success", "It is done"),
            see("dt", "Last day"),
        ]),
});
