import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor, hexToRGBA } from "@web/core/colors/colors";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";

// What is gained and what is lost can be told apart; other figures have Odoo's colors.
const COLORS = {
    new: "#00A78D",
    expansion: "#43C5B1",
    reactivation: "#4EA7F2",
    contraction: "#F4A261",
    churn: "#CE4257",
};

/** One chart of the dashboard; a click on a bar or a point opens what it counts. */
export class DashboardChart extends Component {
    static template = "fusion_billing.DashboardChart";
    static props = {
        chart: Object,
        currencyId: Number,
        onOpen: Function,
        small: { type: Boolean, optional: true },
    };

    setup() {
        this.canvasRef = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.props.chart],
        );
        onWillUnmount(() => this.drawing?.destroy());
    }

    format(value) {
        return this.props.chart.unit === "amount"
            ? formatMonetary(value, { currencyId: this.props.currencyId })
            : formatFloat(value, { digits: [16, Number.isInteger(value) ? 0 : 2] });
    }

    short(value) {
        return formatFloat(value, { humanReadable: true, decimals: 1, minDigits: 1 });
    }

    draw() {
        this.drawing?.destroy();
        this.drawing = new Chart(this.canvasRef.el, this.config());
    }

    config() {
        const { kind, labels, datasets } = this.props.chart;
        // As the page has it, be it light or dark.
        const text = getComputedStyle(this.canvasRef.el).color;
        const grid = "rgba(127, 127, 127, .2)";
        const isStacked = kind === "stacked";
        return {
            type: kind === "line" ? "line" : "bar",
            data: {
                labels: [...labels],
                datasets: datasets.map((dataset, index) => this.dataset(dataset, index)),
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                onClick: (event, elements) => this.onClick(elements),
                onHover: (event, elements) => {
                    event.native.target.style.cursor = elements.length ? "pointer" : "";
                },
                scales: {
                    x: {
                        stacked: isStacked,
                        grid: { display: false },
                        ticks: { color: text, maxRotation: 0, autoSkipPadding: 12 },
                    },
                    y: {
                        stacked: isStacked,
                        beginAtZero: true,
                        grid: { color: grid },
                        ticks: { color: text, maxTicksLimit: 6, callback: (v) => this.short(v) },
                    },
                },
                plugins: {
                    legend: {
                        display: datasets.length > 1,
                        position: "bottom",
                        labels: { color: text, boxWidth: 12 },
                    },
                    tooltip: {
                        callbacks: {
                            label: ({ dataset, raw }) => `${dataset.label}: ${this.format(raw)}`,
                        },
                    },
                },
            },
        };
    }

    dataset({ key, label, data }, index) {
        const number = key === "recurring" ? 0 : 2 + index;
        const color = COLORS[key] ?? getColor(number, cookie.get("color_scheme"), 6);
        return {
            label,
            data: [...data],
            backgroundColor: this.props.chart.kind === "line" ? hexToRGBA(color, 0.2) : color,
            borderColor: color,
            borderRadius: 3,
            fill: "origin",
            tension: 0.2,
            pointRadius: 2,
            pointHitRadius: 12,
            borderWidth: this.props.chart.kind === "line" ? 2 : 0,
        };
    }

    onClick([element]) {
        if (element) {
            const { datasets, action } = this.props.chart;
            this.props.onOpen(action, datasets[element.datasetIndex].domains[element.index]);
        }
    }
}
