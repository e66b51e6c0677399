import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { FloatField, floatField } from "@web/views/fields/float/float_field";
import { formatFloat } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

const ENDLESS = "∞";

/** Where a tier ends: nowhere, if it is empty. */
export class TierEndField extends FloatField {
    parse(value) {
        return ["", ENDLESS].includes(value.trim()) ? 0 : super.parse(value);
    }

    get formattedValue() {
        return this.value ? super.formattedValue : ENDLESS;
    }
}

registry.category("fields").add("fusion_tier_end", {
    ...floatField,
    component: TierEndField,
    displayName: _t("End of a Tier"),
});

/** Where a tier begins: where the one above it in the table ends. */
export class TierStartWidget extends Component {
    static template = "fusion_billing.TierStart";
    static props = { ...standardFieldProps };

    get start() {
        const rows = this.props.record._parentRecord?.data.tier_ids?.records || [];
        const place = rows.findIndex((row) => row.id === this.props.record.id);
        const above = rows[(place < 0 ? rows.length : place) - 1];
        return formatFloat(above?.data.up_to || 0, { digits: [24, 6], trailingZeros: false });
    }
}

registry.category("fields").add("fusion_tier_start", {
    component: TierStartWidget,
    displayName: _t("Start of a Tier"),
    supportedTypes: ["float"],
});
