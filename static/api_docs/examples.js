/* Writes a request as a program would send it: with curl, in Python and in JavaScript.

A request is { verb, url, query: [[name, value]], headers: {name: value}, body, isJson }; its body
is a value of JSON, undefined if it has none. The key is an environment variable everywhere. */

const KEYED = "Authorization";
const ONCE = "Idempotency-Key";

/** By language: what it is called, and how it writes a request. */
export const LANGUAGES = {
  curl: { title: "curl", write: curl },
  python: { title: "Python", write: python },
  javascript: { title: "JavaScript", write: javascript },
};

/** Return the address with its query. */
export function addressOf({ url, query }) {
  return query.length ? `${url}?${new URLSearchParams(query)}` : url;
}

function curl(request) {
  const { verb, headers, body } = request;
  const implied = body === undefined ? "GET" : "POST";
  const lines = [`curl ${verb === implied ? "" : `-X ${verb} `}${quoted(addressOf(request))}`];
  for (const [name, value] of Object.entries(headers)) {
    const told = { [KEYED]: '"Authorization: Bearer $KEY"', [ONCE]: `"${ONCE}: $(uuidgen)"` };
    lines.push(`-H ${told[name] ?? quoted(`${name}: ${value}`)}`);
  }
  if (body !== undefined) lines.push(`-d ${quoted(JSON.stringify(body, null, 2))}`);
  return lines.join(" \\\n  ");
}

/** Return a text as a shell reads it: as it is. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function python({ verb, url, query, headers, body, isJson }) {
  const told = { [KEYED]: "f\"Bearer {os.environ['KEY']}\"", [ONCE]: "str(uuid.uuid4())" };
  const names = Object.keys(headers).filter((name) => name !== "Content-Type");
  const lines = names.map((name) => `"${name}": ${told[name] ?? JSON.stringify(headers[name])}`);
  const options = [
    JSON.stringify(url),
    query.length && `params=${inPython(query, 1, true)}`,
    lines.length && `headers={\n${lines.map((line) => `        ${line},\n`).join("")}    }`,
    body !== undefined && `json=${inPython(body, 1)}`,
    "timeout=60",
  ].filter(Boolean);
  const modules = [KEYED in headers && "os", ONCE in headers && "uuid"].filter(Boolean);
  return [
    ...modules.map((name) => `import ${name}`),
    modules.length && "",
    "import requests",
    "",
    `answer = requests.${verb.toLowerCase()}(`,
    ...options.map((option) => `    ${option},`),
    ")",
    `print(answer.status_code, answer.${isJson ? "json()" : "text"})`,
  ]
    .filter((line) => line !== 0)
    .join("\n");
}

/** Return a value of JSON as Python writes it. */
function inPython(value, depth, arePairs = false) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value) && !arePairs;
  const entries = arePairs ? value : Object.entries(value);
  const members = entries.map(
    ([name, one]) => (isList ? "" : `${JSON.stringify(name)}: `) + inPython(one, depth + 1),
  );
  const [open, close] = isList ? "[]" : "{}";
  if (!members.length) return open + close;
  const margin = "    ".repeat(depth);
  return `${open}\n${members.map((one) => `${margin}    ${one},\n`).join("")}${margin}${close}`;
}

function javascript(request) {
  const { verb, headers, body, isJson } = request;
  const told = { [KEYED]: "`Bearer ${process.env.KEY}`", [ONCE]: "crypto.randomUUID()" };
  const lines = Object.entries(headers).map(
    ([name, value]) => `    "${name}": ${told[name] ?? JSON.stringify(value)},\n`,
  );
  const options = [
    verb !== "GET" && `  method: "${verb}",\n`,
    lines.length && `  headers: {\n${lines.join("")}  },\n`,
    body !== undefined && `  body: JSON.stringify(${indented(body)}),\n`,
  ].filter(Boolean);
  const more = options.length ? `, {\n${options.join("")}}` : "";
  return [
    `const answer = await fetch(${JSON.stringify(addressOf(request))}${more});`,
    `console.log(answer.status, await answer.${isJson ? "json" : "text"}());`,
  ].join("\n");
}

function indented(body) {
  return JSON.stringify(body, null, 2).replaceAll("\n", "\n  ");
}
