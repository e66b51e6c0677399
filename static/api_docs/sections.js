/* The sections of the page: one for each endpoint, and one for each event. */

const { search } = new URL(import.meta.url);
const { codeBlock, el, inline, prose } = await import(`./dom.js${search}`);
const { LANGUAGES } = await import(`./examples.js${search}`);
const { Trial } = await import(`./trial.js${search}`);

const PLACES = { path: "Path", query: "Query" };

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
      el(
        "p",
        { class: "route" },
        badge(operation.verb),
        " ",
        el("code", {}, operation.base + operation.path),
      ),
      prose(operation.description),
      Object.entries(PLACES).map(([place, title]) => parameters(title, place, operation, schemas)),
      content && [
        el("h4", {}, "Body"),
        schemas.taken(content.schema) ?? el("p", {}, "An empty object."),
      ],
      parameters("Headers", "header", operation, schemas),
      answers(operation, schemas),
      errors(operation),
    ],
    [exampleRequest(trial), tryIt(trial), exampleAnswer(operation, schemas)],
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
      el("h4", {}, "Body"),
      schemas.answered(schema),
      el("details", {}, el("summary", {}, "Headers"), parameterList(event.parameters, schemas)),
      el("details", {}, el("summary", {}, "What you answer"), whatToAnswer(event.responses)),
    ],
    [el("h4", {}, "What you get"), codeBlock(`Example of ${type}`, example)],
  );
}

function section(id, title, facts, examples) {
  return el(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    el(
      "div",
      { class: "facts" },
      el("h3", { id: `${id}-title` }, el("a", { href: `#${id}` }, title)),
      facts,
    ),
    el("div", { class: "examples" }, examples),
  );
}

// === FACTS === //

function parameters(title, place, operation, schemas) {
  const some = (operation.parameters ?? []).filter((one) => one.in === place);
  return some.length > 0 && [el("h4", {}, title), parameterList(some, schemas)];
}

function parameterList(some, schemas) {
  return el(
    "ul",
    { class: "fields" },
    some.map((one) => schemas.parameter(one)),
  );
}

function answers({ responses }, schemas) {
  const good = Object.values(responses["200"]?.content ?? {})[0];
  const list = good && schemas.answered(good.schema);
  return list && [el("h4", {}, "Answer"), list];
}

function errors({ responses }) {
  const refusals = Object.entries(responses).filter(([status]) => status >= "400");
  return (
    refusals.length > 0 &&
    el(
      "details",
      { class: "errors" },
      el("summary", {}, "Errors"),
      refusals.map(([status, { description }]) => {
        const [phrase, ...told] = description.split("\n\n");
        return [el("h4", {}, `${status} ${phrase}`), prose(told.join("\n\n"))];
      }),
    )
  );
}

function whatToAnswer(responses) {
  return el(
    "ul",
    { class: "fields" },
    Object.entries(responses).map(([status, { description }]) =>
      el("li", {}, el("code", { class: "name" }, status), el("p", {}, inline(description))),
    ),
  );
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
    el("button", { type: "button", "data-language": name, onclick: () => choose(name) }, title),
  );
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
  return el(
    "details",
    { open: true },
    el("summary", {}, "Example of an answer"),
    codeBlock(`Answer of ${summary}`, example),
  );
}

function tryIt(trial) {
  return el("details", { class: "trial" }, el("summary", {}, "Try it"), trial.form);
}
