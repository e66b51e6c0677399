import { registry } from "@web/core/registry";
import { patiently, see } from "./steps";

const leave = (content, trigger) => ({ content, trigger, run: "click", expectUnloadPage: true });

/** A customer chooses a card for a subscription, and removes it again. */
registry.category("web_tour.tours").add("fusion_billing_payment", {
    steps: () =>
        patiently([
            see("#payment [name='charged_to']", "•••• 3333"),
            leave("Choose another", "button[aria-label='Use for this subscription: •••• 2222']"),
            see("#payment .alert-success", "Your choice is saved"),
            see("#payment [name='charged_to']", "•••• 2222"),
            leave("See what is saved", "#payment a[href^='/my/payment_method']"),
            see("a", "Back to the subscription"),
            {
                content: "Ask to remove it",
                trigger: "li:contains('2222') button[name='o_payment_delete_token']",
                run: "click",
            },
            see(".modal a[href^='/my/subscriptions/']", "S0"),
            leave("Remove it all the same", ".modal button:contains('Confirm Deletion')"),
            see("#o_payment_form:not(:contains('2222')):contains('3333')"),
            leave("Go back", "a:contains('Back to the subscription')"),
            see("#payment [name='charged_to']", "•••• 3333"),
        ]),
});
