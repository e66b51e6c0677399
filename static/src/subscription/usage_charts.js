import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { DashboardChart } from "../dashboard/dashboard_chart";

/**
 * Usage by day and by billing period. It is read when its page is opened, so that the form opens
 * fast.
 */
export class UsageCharts extends Component {
    static template = "fusion_billing.UsageCharts";
    static components = { DashboardChart };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.actionService = useService("action");
        this.state = useState({ charts: [], currency_id: 0 });
        onWillStart(() => this.load(this.props.record.resId));
        onWillUpdateProps(({ record }) => {
            if (record.resId !== this.resId) {
                return this.load(record.resId);
            }
        });
    }

    async load(resId) {
        this.resId = resId;
        const read = resId && (await this.orm.call("sale.order", "read_fusion_usage", [resId]));
        Object.assign(this.state, read || { charts: [], currency_id: 0 });
    }

    async open({ xmlid, name, domain }, part) {
        const action = await this.actionService.loadAction(xmlid);
        Object.assign(action, { name, display_name: name, domain: part ?? domain, context: {} });
        await this.actionService.doAction(action);
    }
}

registry.category("view_widgets").add("fusion_usage_charts", { component: UsageCharts });
