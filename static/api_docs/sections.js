/* The sections of the page: one for each endpoint, and one for each event. */

const { search } = new URL(import.meta.url);
const { codeBlock, el, inline, prose } = await import(`./dom.js${search}`);
const { LANGUAGES } = await import(`./examples.js${search}`);
const { Trial } = await import(`./trial.js${search}`);

const PLACES = { path: "In the path", query: "In the query", header: "In the header" };

export function badge(verb) {
  return el("span", { class: `verb ${verb.toLowerCase()}` }, verb);
}

/** Return what an endpoint takes and answers, with examples, and a form to try it. */
export function endpointSection(operation, schemas, keyOf) {
  const content = operation.requestBody && Object.values(operation.requestBody.content)[0];
  const body = content && (content.example ?? {});
  const trial = new Trial(operation, body, keyOf);
  return section(
    `op-${operation.operationId}`,
    operation.summary,
    [
      el("p", { class: "route" }, badge(operation.verb), " ",
        el("code", {}, operation.base + operation.path)),
      prose(operation.description),
      parameterLists(operation, schemas),
      content && [el("h4", {}, "In the body"),
        schemas.fields(content.schema) ?? el("p", {}, "Nothing: an empty object.")],
      answers(operation, schemas),
      errors(operation),
    ],
    [exampleRequest(trial), exampleAnswer(operation, schemas), tryIt(trial)],
  );
}

/** Return what an event tells, and what is to be answered. */
export function eventSection(type, event, schemas) {
  const { schema } = event.requestBody.content["application/json"];
  const example = JSON.stringify(schemas.example(schema), null, 2);
  return section(
    `op-${event.operationId}`,
    type,
    [
      el("p", { class: "route" }, badge("POST"), " ", el("code", {}, "the URL of your endpoint")),
      prose(event.description),
      el("h4", {}, "In the body"),
      schemas.fields(schema),
      el("details", {}, el("summary", {}, "In the header"), fieldsOf(event.parameters, schemas)),
      el("details", {}, el("summary", {}, "What you answer"), taken(event.responses)),
    ],
    [el("h4", {}, "What you get"), codeBlock(`Example of ${type}`, example)],
  );
}

function section(id, title, facts, examples) {
  return el(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    el("div", { class: "facts" }, el("h3", { id: `${id}-title` },
      el("a", { href: `#${id}` }, title)), facts),
    el("div", { class: "examples" }, examples),
  );
}

// === FACTS === //

function parameterLists({ parameters = [] }, schemas) {
  return Object.entries(PLACES).map(([place, title]) => {
    const some = parameters.filter((one) => one.in === place);
    return some.length > 0 && [el("h4", {}, title), fieldsOf(some, schemas)];
  });
}

function fieldsOf(parameters, schemas) {
  return el("ul", { class: "fields" }, parameters.map(({ name, schema, description, required }) =>
    schemas.field(name, description ? { ...schema, description } : schema, required)));
}

function answers({ responses }, schemas) {
  const good = Object.values(responses["200"]?.content ?? {})[0];
  const list = good && schemas.fields(good.schema);
  return list && [el("h4", {}, "Answer"), list];
}

function errors({ responses }) {
  const refusals = Object.entries(responses).filter(([status]) => status >= "400");
  return refusals.length > 0 && el(
    "details",
    { class: "errors" },
    el("summary", {}, "Errors"),
    refusals.map(([status, { description }]) => {
      const [phrase, ...told] = description.split("\n\n");
      return [el("h5", {}, `${status} ${phrase}`), prose(told.join("\n\n"))];
    }),
  );
}

function taken(responses) {
  return el("ul", { class: "fields" }, Object.entries(responses).map(([status, { description }]) =>
    el("li", {}, el("code", { class: "name" }, status), el("p", {}, inline(description)))));
}

// === EXAMPLES === //

/** Return the request in each language, as the form has it; the style shows one of them. */
function exampleRequest(trial) {
  const { summary } = trial.operation;
  const blocks = Object.entries(LANGUAGES).map(([name, { title }]) => {
    const block = codeBlock(`${summary}: ${title}`);
    block.classList.add("example", name);
    return [name, block];
  });
  const write = () => {
    try {
      const request = trial.request();
      blocks.forEach(([name, block]) => block.write(LANGUAGES[name].write(request)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // while a body is being typed
    }
  };
  trial.form.addEventListener("input", write);
  write();
  const buttons = Object.entries(LANGUAGES).map(([name, { title }]) =>
    el("button", { type: "button", "data-language": name, onclick: () => choose(name) }, title));
  return [
    el("div", { class: "languages", role: "group", "aria-label": "Language" }, buttons),
    blocks.map(([, block]) => block),
  ];
}

/** Show all examples in one language. */
export function choose(language) {
  document.documentElement.dataset.language = language;
  for (const button of document.querySelectorAll("[data-language][type=button]")) {
    button.setAttribute("aria-pressed", button.dataset.language === language);
  }
}

function exampleAnswer({ responses, summary }, schemas) {
  const good = responses["200"]?.content?.["application/json"];
  if (!good || !schemas.resolve(good.schema).properties) return null;
  const example = JSON.stringify(schemas.example(good.schema), null, 2);
  return el("details", { open: true }, el("summary", {}, "Answer"),
    codeBlock(`Answer of ${summary}`, example));
}

function tryIt(trial) {
  return el("details", { class: "trial" }, el("summary", {}, "Try it"), trial.form);
}
