import { getColor, getCustomColor, hexToRGBA } from "@web/core/colors/colors";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatFloat } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";

/** A number of the axis: as many decimals as it has, and no more. */
const short = (number) => formatFloat(number, { digits: [16, 6], trailingZeros: false });

/**
 * What usage costs, for the prices as they are typed: the server prices each point, this only
 * draws them. The table beside says the same to those who do not see the curve.
 */
export class PriceCurveField extends Component {
    static template = "fusion_billing.PriceCurveField";
    static props = { ...standardFieldProps };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [JSON.stringify(this.curve), this.canvas.el],
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get curve() {
        return this.props.record.data[this.props.name] || {};
    }

    get quantityTitle() {
        return this.curve.metric || _t("Quantity");
    }

    draw() {
        this.chart?.destroy();
        this.chart = null;
        if (this.canvas.el && this.curve.points) {
            this.chart = new Chart(this.canvas.el, this.config);
        }
    }

    get config() {
        const scheme = cookie.get("color_scheme");
        const color = getColor(3, scheme, "odoo");
        const text = getCustomColor(scheme, "#111827", "#E4E4E4");
        const grid = { color: getCustomColor(scheme, "#d8dadd", "#3C3E4B") };
        const axis = (title) => ({
            type: "linear",
            beginAtZero: true,
            grid,
            title: { display: true, text: title, color: text },
            ticks: { color: text, callback: short, maxTicksLimit: 6 },
        });
        return {
            type: "line",
            data: {
                datasets: [
                    {
                        data: this.curve.points.map(([x, y]) => ({ x, y })),
                        borderColor: color,
                        backgroundColor: hexToRGBA(color, 0.15),
                        borderWidth: 2,
                        pointRadius: 0,
                        pointHitRadius: 8,
                        fill: "start",
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "nearest", axis: "x", intersect: false },
                plugins: {
                    legend: { display: false },
                    tooltip: {
                        displayColors: false,
                        callbacks: {
                            title: ([point]) => short(point.parsed.x),
                            label: (point) => `${short(point.parsed.y)} ${this.curve.currency}`,
                        },
                    },
                },
                scales: { x: axis(this.quantityTitle), y: axis(this.curve.currency) },
            },
        };
    }
}

registry.category("fields").add("fusion_price_curve", {
    component: PriceCurveField,
    displayName: _t("Price Curve"),
    supportedTypes: ["json"],
});
