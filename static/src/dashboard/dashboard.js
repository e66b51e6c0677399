import { Component, onWillStart, useState } from "@odoo/owl";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatInteger, formatMonetary } from "@web/views/fields/formatters";
import { Layout } from "@web/search/layout";
import { useSetupAction } from "@web/search/action_hook";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { DashboardChart } from "./dashboard_chart";

const EVERYTHING = { months: 6, plan_id: false, service_id: false };

/** The business at a glance; `models/operations/dashboard.py` says what there is to show. */
export class BillingDashboard extends Component {
    static template = "fusion_billing.Dashboard";
    static components = { CopyButton, DashboardChart, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.actionService = useService("action");
        this.keepLast = new KeepLast();
        this.display = { controlPanel: {} };
        this.copied = _t("Copied");
        this.done = _t("Done");
        this.toDo = _t("To do");
        this.state = useState({ filters: this.props.state?.filters ?? EVERYTHING, data: {} });
        useSetupAction({ getLocalState: () => ({ filters: { ...this.state.filters } }) });
        onWillStart(() => this.load());
    }

    async load() {
        const read = this.orm.call("fusion.billing.dashboard", "read_dashboard", [
            [],
            { ...this.state.filters },
        ]);
        this.state.data = await this.keepLast.add(read);
    }

    get data() {
        return this.state.data;
    }

    /** The step that is to be done next. */
    get nextStep() {
        return this.data.checklist.find((step) => !step.done)?.key;
    }

    get progress() {
        const done = this.data.checklist.filter((step) => step.done).length;
        const all = this.data.checklist.length;
        return _t("%(done)s of %(all)s steps are done. Each ticks itself off.", { done, all });
    }

    period(months) {
        return _t("Last %s months", months);
    }

    async choose(name, value) {
        this.state.filters = { ...this.state.filters, [name]: Number(value) || false };
        await this.load();
    }

    // === NUMBERS === //

    amount(value, currencyId = this.data.currency_id) {
        return formatMonetary(value, { currencyId });
    }

    change(value) {
        return _t("%s since the period began", `${value > 0 ? "+" : ""}${this.amount(value)}`);
    }

    figure(tile) {
        if ("amount" in tile) {
            return this.amount(tile.amount);
        }
        if ("percent" in tile) {
            return tile.percent === null
                ? "–"
                : `${formatFloat(tile.percent, { digits: [16, 1] })} %`;
        }
        return formatInteger(tile.count);
    }

    count(value) {
        return formatInteger(value);
    }

    // === LISTS === //

    /**
     * Open the list of what a figure counts, or a new record.
     *
     * @param {Object} action as `_action` of the model describes it
     * @param {Array} [domain] of a part of it
     */
    async open({ xmlid, name, domain, view, context }, part) {
        const action = await this.actionService.loadAction(xmlid);
        const views = view ? action.views.filter(([, type]) => type === view) : action.views;
        Object.assign(action, { name, display_name: name, views });
        Object.assign(action, { domain: part ?? domain, context: context ?? {} });
        await this.actionService.doAction(action, { props: view ? { resId: false } : {} });
    }
}

registry.category("actions").add("fusion_billing.dashboard", BillingDashboard);
