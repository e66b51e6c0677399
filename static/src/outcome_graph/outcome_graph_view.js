import { lightenColor } from "@web/core/colors/colors";
import { registry } from "@web/core/registry";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

const COLORS = { success: "#28a745", failure: "#dc3545" };

/** The outcome that a set of bars counts, undefined if it is not grouped by it. */
function outcomeOf({ domains }) {
    const leaves = domains.flatMap((domain) => domain ?? []);
    return leaves.find((leaf) => Array.isArray(leaf) && leaf[0] === "outcome")?.[2];
}

/** Bars of successes are green and bars of failures are red; further groups are lighter. */
export class OutcomeGraphRenderer extends GraphRenderer {
    getBarChartData() {
        const data = super.getBarChartData();
        const seen = { success: 0, failure: 0 };
        for (const dataset of this.model.data.datasets) {
            const outcome = outcomeOf(dataset);
            if (outcome in COLORS) {
                dataset.backgroundColor = lightenColor(COLORS[outcome], seen[outcome]++ * 0.2);
            }
        }
        return data;
    }
}

registry.category("views").add("fusion_billing_outcome_graph", {
    ...graphView,
    Renderer: OutcomeGraphRenderer,
});
