import { stepUtils } from "@web_tour/tour_utils";

const APP = "fusion_billing.fusion_billing_menu_root";
/** A busy machine may take its time: this bounds a step, and makes none longer. */
export const patiently = (steps) => steps.map((step) => ({ timeout: 60000, ...step }));

const input = (name) => `.o_field_widget[name="${name}"] input`;

export const openApp = () => stepUtils.goToAppSteps(APP, "Open Fusion Billing");

/** Wait until a screen has taken the place of the one before. */
export const arrive = (title) => see(".o_breadcrumb .o_last_breadcrumb_item", title);

/** Go through the app's menu: `openMenu("Plans", "configuration_menu", "fusion_billing_plan_menu")`. */
export const openMenu = (title, ...names) => [
    ...names.map((name) => ({
        content: `Open the menu ${name}`,
        trigger: `[data-menu-xmlid="fusion_billing.${name}"]`,
        run: "click",
    })),
    arrive(title),
];

/** Begin a new record from a list, and wait for its form. */
export const create = () => [{ trigger: ".o_list_button_add", run: "click" }, arrive("New")];

export const open = (text) => ({
    content: `Open the record ${text}`,
    trigger: `.o_list_view .o_data_row td:contains("${text}")`,
    run: "click",
});

/**
 * @param {string} value may be a function that returns it when the step is run
 * @param {string} within needed where the page has more than one field of this name: in a list
 *   whose rows are edited, or below a dialog
 */
export const type = (name, value, within = "") => ({
    content: `Type into ${name}`,
    trigger: `${within} ${input(name)}`,
    run: (helpers) => helpers.edit(typeof value === "function" ? value() : value),
});

/** A day or an instant that is shown is a button until it is edited. */
export const retype = (name, value, within = "") => [
    {
        content: `Edit ${name}`,
        trigger: `${within} .o_field_widget[name="${name}"] button`,
        run: "click",
    },
    type(name, value, within),
];

const chosen = () => see("body:not(:has(.o-autocomplete--dropdown-item))");

/**
 * Find a record for a many2one. A click into the field lists records before any text is searched,
 * and the search that follows opens the list again, even when a record has been chosen meanwhile.
 * Only what was found by its text has that text in bold: it is chosen, and the list stays closed.
 */
export const pick = (name, text) => [
    { content: `Look for ${text}`, trigger: input(name), run: `edit ${text}` },
    { trigger: `.o-autocomplete--dropdown-item .fw-bold:contains("${text}")`, run: "click" },
    chosen(),
];

/** Make a record for a many2one by its name alone. */
export const pickNew = (name, text) => [
    { content: `Name a new ${text}`, trigger: input(name), run: `edit ${text}` },
    { trigger: `.o_m2o_dropdown_option_create a:contains("${text}")`, run: "click" },
    chosen(),
    see(`.o_field_widget[name="${name}"] .o_external_button`),
];

export const choose = (name, label) => [
    { content: `Open the choices of ${name}`, trigger: input(name), run: "click" },
    { trigger: `.o_select_menu_item:contains("${label}")`, run: "click" },
];

export const openTab = (name) => ({
    content: `Open the tab ${name}`,
    trigger: `.o_notebook_headers .nav-link[name="${name}"]`,
    run: "click",
});

export const press = (label, within = ".o_form_view") => ({
    content: `Press ${label}`,
    trigger: `${within} button:enabled:contains("${label}")`,
    run: "click",
});

export const pressInDialog = (label) => press(label, ".modal footer");

export const goBack = (title) => [
    {
        content: `Go back to ${title}`,
        trigger: `.o_breadcrumb .breadcrumb-item:not(.active) a:contains("${title}")`,
        run: "click",
    },
    arrive(title),
];

export const see = (trigger, text = "") => ({
    content: `See ${text || trigger}`,
    trigger: text ? `${trigger}:contains("${text}")` : trigger,
});

export const dialogIsClosed = () => see("body:not(.modal-open)");

export const save = () => stepUtils.saveForm();
