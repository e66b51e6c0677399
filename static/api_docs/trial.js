/* A form that sends a request to this server, and shows what it answers. */

const { search } = new URL(import.meta.url);
const { codeBlock, el } = await import(`./dom.js${search}`);
const { addressOf } = await import(`./examples.js${search}`);

/** What of an answer's head is worth reading. */
const HEADERS = [
  "X-Request-Id",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "Idempotency-Replayed",
  "ETag",
  "Allow",
];
const ONCE = "Idempotency-Key";
const SHOWN = 100000; // characters

/** The form of an operation. */
export class Trial {
  /**
   * @param operation what the document says, with its `verb`, `path` and `base`
   * @param example a body that makes sense, undefined if it has none
   * @param keyOf function that returns the key to send
   */
  constructor(operation, example, keyOf) {
    Object.assign(this, { operation, example, keyOf, inputs: [] });
    this.status = el("p", { class: "status", role: "status" });
    this.result = el("div", { class: "result" });
    this.send = el("button", { type: "submit", class: "send" }, "Send");
    this.form = el(
      "form",
      { onsubmit: (event) => this.submit(event), "aria-label": `Try ${operation.summary}` },
      (operation.parameters ?? []).filter(({ name }) => name !== ONCE).map((one) => this.row(one)),
      example !== undefined && this.bodyRow(),
      this.send,
      this.status,
      this.result,
    );
  }

  row(parameter) {
    const id = `${this.operation.operationId}-${parameter.in}-${parameter.name}`;
    const choices = parameter.schema?.enum;
    const attributes = { id, name: parameter.name, required: parameter.required };
    const input = choices
      ? el(
          "select",
          attributes,
          ["", ...choices].map((one) => el("option", { value: one }, one)),
        )
      : el("input", { ...attributes, autocomplete: "off", value: exampleOf(parameter) });
    this.inputs.push({ parameter, input });
    return el("p", {}, el("label", { for: id }, parameter.name), input);
  }

  bodyRow() {
    const id = `${this.operation.operationId}-body`;
    const text = JSON.stringify(this.example, null, 2);
    const rows = Math.min(18, text.split("\n").length + 1);
    this.body = el("textarea", { id, rows, spellcheck: "false", autocomplete: "off" }, text);
    return el("p", {}, el("label", { for: id }, "Body"), this.body);
  }

  // === THE REQUEST === //

  /** Return the request that the form says; see examples.js.
   *
   * @throws SyntaxError the body is no JSON
   */
  request() {
    const { operation } = this;
    const filled = this.inputs.filter(({ input }) => input.value !== "");
    const given = (place) =>
      filled
        .filter(({ parameter }) => parameter.in === place)
        .map(({ parameter, input }) => [parameter.name, input.value]);
    const path = given("path").reduce(
      (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
      operation.path,
    );
    return {
      verb: operation.verb,
      url: location.origin + operation.base + path,
      query: given("query"),
      headers: { ...this.ownHeaders(), ...Object.fromEntries(given("header")) },
      body: this.body && JSON.parse(this.body.value || "{}"),
      isJson: Boolean(this.answers("200").some((type) => type === "application/json")),
    };
  }

  ownHeaders() {
    const { security = [], requestBody, parameters = [] } = this.operation;
    return {
      ...(security.length && { Authorization: "Bearer …" }),
      ...(requestBody && { "Content-Type": Object.keys(requestBody.content)[0] }),
      ...(parameters.some(({ name }) => name === ONCE) && { [ONCE]: "…" }),
    };
  }

  answers(status) {
    return Object.keys(this.operation.responses?.[status]?.content ?? {});
  }

  // === SENDING === //

  async submit(event) {
    event.preventDefault();
    this.send.disabled = true;
    this.result.replaceChildren();
    this.status.replaceChildren("Sending …");
    try {
      await this.carryOut();
    } catch (error) {
      this.status.replaceChildren(`The request could not be sent: ${error.message}`);
    }
    this.send.disabled = false;
  }

  async carryOut() {
    const { verb, headers, ...request } = this.request();
    if (headers.Authorization) headers.Authorization = `Bearer ${this.keyOf()}`;
    if (headers[ONCE]) headers[ONCE] = newKey();
    const began = performance.now();
    // The body goes as it was typed: a number of many digits would not survive being read.
    const body = this.body && (this.body.value || "{}");
    const options = { method: verb, headers, body, cache: "no-store", redirect: "error" };
    const response = await fetch(addressOf(request), options);
    const text = await response.text();
    this.show(response, text, Math.round(performance.now() - began));
  }

  show(response, text, milliseconds) {
    const kind = response.ok ? "good" : "bad";
    const words = `${response.status} ${response.statusText}`.trim();
    this.status.replaceChildren(el("strong", { class: kind }, words), ` in ${milliseconds} ms`);
    const told = HEADERS.filter((name) => response.headers.has(name));
    this.result.replaceChildren(
      el(
        "dl",
        {},
        told.map((name) => [el("dt", {}, name), el("dd", {}, response.headers.get(name))]),
      ),
      codeBlock("Answer", readable(response, text)),
    );
  }
}

function exampleOf({ example, required, schema }) {
  return required || !("default" in (schema ?? {})) ? (example ?? "") : "";
}

/** Return a key that nobody has used: pages without TLS have no `randomUUID`. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return an answer as people read it. */
function readable(response, text) {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/pdf")) return `${text.length} characters of ${type}`;
  const shown = type === "application/json" ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}\n… and more` : shown;
}
