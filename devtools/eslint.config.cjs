// What `./dev lint` asks of JavaScript. Its layout is prettier's, and TypeScript is checked by `tsc`.

const js = require.main.require("@eslint/js"); // it comes with eslint, which is elsewhere

// Those we use, not all there are: a variable that nobody declared would silently be one of the
// browser's, as `name`, `open` and `event` are.
const EVERYWHERE = "AbortController AbortSignal Headers TextEncoder URL setTimeout";
const IN_NODE = "Buffer process";
const IN_BROWSERS = `DataTransfer Event File IntersectionObserver URLSearchParams crypto document
    fetch getComputedStyle getSelection location matchMedia navigator performance`;
const IN_ODOO = "Chart luxon";

const having = (names) => ({
    globals: Object.fromEntries(names.split(/\s+/).map((name) => [name, "readonly"])),
});

module.exports = [
    { ignores: ["**/dist/"] },
    js.configs.recommended,
    {
        linterOptions: { reportUnusedDisableDirectives: "error" },
        rules: {
            eqeqeq: "error",
            "max-lines": ["error", 500],
            "no-shadow": "error",
            "no-var": "error",
            "prefer-const": "error",
        },
    },
    { files: ["clients/js/**"], languageOptions: having(`${EVERYWHERE} ${IN_NODE}`) },
    { files: ["static/**"], languageOptions: having(`${EVERYWHERE} ${IN_BROWSERS}`) },
    { files: ["static/{src,tests}/**"], languageOptions: having(IN_ODOO) },
];
