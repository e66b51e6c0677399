import { registry } from "@web/core/registry";
import {
    create,
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

let key;

async function checkThatItOpensTheApi() {
    const response = await fetch("/fusion/api/v1/catalog", {
        headers: { Authorization: `Bearer ${key}` },
    });
    if (!response.ok) {
        throw new Error(`The key that was shown opens nothing: ${response.status}`);
    }
}

function checkThatItIsGone() {
    if (document.documentElement.outerHTML.includes(key)) {
        throw new Error("The key is still on the page.");
    }
}

registry.category("web_tour.tours").add("fusion_billing_api_key", {
    steps: () =>
        patiently([
            ...openApp(),
            ...openMenu("Services", "configuration_menu", "fusion_billing_service_menu"),
            ...create(),
            type("name", "NexaAtlas"),
            type("code", "nexaatlas"),
            ...save(),

            press("Generate API Key"),
            type("name", "Production", ".modal"),
            pressInDialog("Generate Key"),
            see(".modal .alert", "it cannot be shown again"),
            {
                content: "Use the key that is shown",
                trigger: ".modal code:contains('fbk_')",
                async run() {
                    key = this.anchor.textContent.trim();
                    await checkThatItOpensTheApi();
                },
            },
            pressInDialog("Done"),
            dialogIsClosed(),

            ...goBack("Services"),
            open("NexaAtlas"),
            openTab("api_keys"),
            {
                ...see(".o_field_widget[name='api_key_ids'] .o_data_row", "fbk_"),
                run: checkThatItIsGone,
            },
            see(".o_field_widget[name='api_key_ids'] .o_data_row", "Production"),
        ]),
});
