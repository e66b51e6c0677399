import { Component, onMounted, onWillUpdateProps, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What the next documents come to. They are worked out once the form is there. */
export class NextDocument extends Component {
    static template = "fusion_billing.NextDocument";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.state = useState({ amounts: [] });
        onMounted(() => this.load(this.props.record));
        // A button that was pressed may have changed them: the record is read again then.
        onWillUpdateProps(({ record }) => {
            if (this.isOther(record)) {
                this.load(record);
            }
        });
    }

    isOther({ resId, data }) {
        return resId !== this.seen.resId || data.write_date?.ts !== this.seen.changed;
    }

    async load({ resId, data }) {
        this.seen = { resId, changed: data.write_date?.ts };
        if (resId) {
            const read = this.orm.silent.call("sale.order", "read_fusion_next_documents", [resId]);
            this.state.amounts = await this.keepLast.add(read);
        }
    }
}

registry.category("view_widgets").add("fusion_next_document", {
    component: NextDocument,
    fieldDependencies: [{ name: "write_date", type: "datetime", readonly: true }],
});
