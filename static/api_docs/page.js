/* The reference: reads the document that describes the API, and shows it. */

const { search } = new URL(import.meta.url);
const { el, prose } = await import(`./dom.js${search}`);
const { Schemas } = await import(`./schema.js${search}`);
const { badge, choose, endpointSection, eventSection } = await import(`./sections.js${search}`);

const WIDE = matchMedia("(min-width: 60rem)");
const byId = (id) => document.getElementById(id);

/** Fill the page with what a document says. */
export function show(api) {
  const schemas = new Schemas(api.components.schemas);
  const groups = [...endpointGroups(api, schemas), eventGroup(api, schemas)];
  byId("content").replaceChildren(
    introduction(api, schemas),
    ...groups.flatMap(({ title, about, entries }) => [
      el("div", { class: "group" }, el("h2", {}, title), prose(about)),
      ...entries.map((entry) => entry.section),
    ]),
  );
  byId("contents").replaceChildren(...groups.map(listOf));
  choose("curl");
  return groups;
}

// === WHAT THERE IS === //

function endpointGroups(api, schemas) {
  const [{ url: base }] = api.servers;
  const operations = Object.entries(api.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({
      ...operation,
      responses: answers(operation, api),
      path,
      base,
      verb: verb.toUpperCase(),
    })),
  );
  return api.tags.map(({ name, description }) => ({
    title: name,
    about: withoutTitle(name, description),
    entries: operations
      .filter((one) => one.tags[0] === name)
      .map((one) => ({
        link: [badge(one.verb), " ", one.summary],
        section: endpointSection(one, schemas, () => byId("key").value.trim()),
      })),
  }));
}

/** Return the answers of an operation, those that several share behind their reference. */
function answers({ responses }, { components }) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, answer]) => [
      status,
      answer.$ref ? components.responses[answer.$ref.split("/").pop()] : answer,
    ]),
  );
}

/** Return what a group is about, of "Title: what it is about". */
function withoutTitle(title, text = "") {
  const rest = text.startsWith(`${title}: `) ? text.slice(title.length + 2) : text;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function eventGroup(api, schemas) {
  return {
    title: "Events",
    about: "What is sent to the endpoint of your service, signed as Standard Webhooks has it.",
    entries: Object.entries(api.webhooks ?? {}).map(([type, { post }]) => ({
      link: [type],
      section: eventSection(type, post, schemas),
    })),
  };
}

function introduction(api, schemas) {
  return el(
    "div",
    { class: "introduction" },
    el("h2", {}, api.info.title, " ", el("span", { class: "version" }, api.info.version)),
    prose(api.info.description),
    el(
      "p",
      {},
      "The base is ",
      el("code", {}, location.origin + api.servers[0].url),
      ". Enter a key" +
        " above to try an endpoint: it is sent to this server alone, and kept nowhere. What you try" +
        " is done: use the key of a sandbox. Every request that writes has an ",
      el("code", {}, "Idempotency-Key"),
      " of its own.",
    ),
    el(
      "p",
      {},
      "In Python, the package ",
      el("code", {}, "fusion-billing-client"),
      " counts, retries and verifies for you. The examples here use ",
      el("code", {}, "requests"),
      ".",
    ),
    el(
      "details",
      {},
      el("summary", {}, "What an error says"),
      schemas.answered({ $ref: "#/components/schemas/Error" }),
    ),
  );
}

function listOf({ title, entries }) {
  return el(
    "div",
    {},
    el("h2", {}, title),
    el(
      "ul",
      {},
      entries.map((entry) => {
        entry.item = el("li", {}, el("a", { href: `#${entry.section.id}` }, entry.link));
        return entry.item;
      }),
    ),
  );
}

// === FINDING === //

/** Hide what has not all words of the filter. */
function applyFilter(groups) {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const entries = groups.flatMap((group) => group.entries);
  for (const { item, section } of entries) {
    const facts = section.querySelector(".facts").textContent.toLowerCase();
    const isHidden = !words.every((word) => facts.includes(word));
    item.hidden = section.hidden = isHidden;
  }
  for (const list of byId("contents").children) {
    list.hidden = !list.querySelector("li:not([hidden])");
  }
  const left = entries.filter(({ item }) => !item.hidden).length;
  byId("content").classList.toggle("filtered", words.length > 0);
  byId("found").textContent = words.length ? `${left} of ${entries.length}` : "";
}

/** Mark in the list what is being read. */
function followReader(groups) {
  const items = new Map(
    groups.flatMap(({ entries }) => entries.map(({ item, section }) => [section, item.firstChild])),
  );
  const observer = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        if (!isIntersecting) continue;
        items.forEach((link) => link.removeAttribute("aria-current"));
        items.get(target).setAttribute("aria-current", "true");
        if (WIDE.matches) items.get(target).scrollIntoView({ block: "nearest" });
      }
    },
    { rootMargin: "-15% 0px -80% 0px" },
  );
  items.forEach((_link, section) => observer.observe(section));
}

/** Show the list of contents beside the text, or closed above it where there is no room. */
function foldContents() {
  byId("menu").open = WIDE.matches;
}

async function start() {
  byId("access").addEventListener("submit", (event) => event.preventDefault());
  WIDE.addEventListener("change", foldContents);
  foldContents();
  const { href } = document.querySelector("link[rel=service-desc]");
  try {
    const response = await fetch(href);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const groups = show(await response.json());
    byId("filter").addEventListener("input", () => applyFilter(groups));
    followReader(groups);
    byId(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  } catch (error) {
    byId("content").replaceChildren(
      el("p", { role: "alert" }, `The description of the API could not be read: ${error.message}`),
    );
  }
}

await start();
document.documentElement.dataset.ready = "true";
