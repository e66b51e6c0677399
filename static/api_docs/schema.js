/* Shows what a JSON Schema says: as a list of fields, and as an example. */

const { el, inline } = await import(`./dom.js${new URL(import.meta.url).search}`);

const NOT_BLANK = "^[^\\x00]*[^\\s\\x00][^\\x00]*$"; // which goes without saying

/** The records of a document, by reference. */
export class Schemas {
  constructor(components) {
    this.components = components;
  }

  /** Return what a schema says, behind its reference if it is one. */
  resolve(schema = {}) {
    return schema.$ref ? (this.components[nameOf(schema)] ?? {}) : schema;
  }

  /** Return the schema of the object that a field is, or is a list of, or may be instead of null. */
  inside(schema = {}) {
    const one = schema.anyOf?.find((each) => each.type !== "null") ?? schema;
    return one.items ? this.inside(one.items) : one;
  }

  // === AS FIELDS === //

  /** Return the list of what an object takes; null if nothing is known beforehand. */
  taken(schema) {
    const mark = (isRequired) => isRequired && "required";
    return this.fields(schema, mark, (one) => this.bounds(one));
  }

  /** Return the list of what an object in an answer has; null if nothing is known beforehand. */
  answered(schema) {
    const mark = (isAlways) => !isAlways && "sometimes";
    return this.fields(schema, mark, (one) => this.choices(one));
  }

  /** Return the item of a parameter. */
  parameter({ name, schema, description, required }) {
    const one = description ? { ...schema, description } : schema;
    return this.field(name, one, required && "required", (each) => this.bounds(each));
  }

  fields(schema, mark, rules, seen = []) {
    const { properties = {}, required = [] } = this.resolve(schema);
    const rows = Object.entries(properties).map(([name, field]) =>
      this.field(
        name,
        field,
        mark(required.includes(name)),
        rules,
        this.members(field, mark, rules, seen),
      ),
    );
    return rows.length ? el("ul", { class: "fields" }, rows) : null;
  }

  field(name, schema, marked, rules, members) {
    const one = this.resolve(schema);
    return el(
      "li",
      {},
      el("code", { class: "name" }, name),
      " ",
      el("span", { class: "type" }, this.typeOf(schema)),
      marked && [" ", el("span", { class: "mark" }, marked)],
      (schema.description ?? one.description) &&
        el("p", {}, inline(schema.description ?? one.description)),
      el("p", { class: "rule" }, inline(rules(one).join(" "))),
      members,
    );
  }

  members(schema, mark, rules, seen) {
    const inner = this.inside(schema);
    const name = inner.$ref;
    if (name && seen.includes(name)) return null;
    const list = this.fields(inner, mark, rules, name ? [...seen, name] : seen);
    const title = name ? `Fields of ${nameOf(inner)}` : "Fields of each";
    return list && el("details", { open: !name }, el("summary", {}, title), list);
  }

  typeOf(schema = {}) {
    if (schema.$ref) return nameOf(schema);
    if (schema.anyOf) return schema.anyOf.map((one) => this.typeOf(one)).join(" or ");
    if (schema.type === "array") return `list of ${this.typeOf(schema.items)}`;
    const kinds = { date: "date", "date-time": "time" };
    return [schema.type ?? "any"]
      .flat()
      .map((type) => (type === "string" ? (kinds[schema.format] ?? type) : type))
      .join(" or ");
  }

  /** Return what a value must keep to, in sentences. */
  bounds(schema) {
    return [
      ...this.choices(schema),
      span(schema.minLength, schema.maxLength, "characters"),
      span(schema.minItems, schema.maxItems, "members"),
      span(schema.minProperties, schema.maxProperties, "members"),
      span(schema.minimum, schema.maximum, ""),
      schema.pattern &&
        schema.pattern !== NOT_BLANK &&
        !schema.format &&
        `Matches \`${schema.pattern}\`.`,
      schema.default !== undefined && `\`${schema.default}\`, if not given.`,
    ].filter(Boolean);
  }

  choices(schema) {
    const some = (schema.enum ?? []).filter((one) => one !== null);
    return some.length > 1 ? [`One of ${some.map((one) => `\`${one}\``).join(", ")}.`] : [];
  }

  // === AS AN EXAMPLE === //

  /** Return a value that a schema allows, made of the examples in it. */
  example(schema, seen = []) {
    if (schema.$ref) {
      if (seen.includes(schema.$ref)) return {};
      return this.example(this.resolve(schema), [...seen, schema.$ref]);
    }
    if (schema.examples) return schema.examples[0];
    if (schema.allOf) {
      return Object.assign({}, ...schema.allOf.map((one) => this.example(one, seen)));
    }
    if (schema.anyOf) return this.example(schema.anyOf[0], seen);
    if (schema.enum) return schema.enum[0];
    if (schema.properties) {
      const entries = Object.entries(schema.properties);
      return Object.fromEntries(entries.map(([name, one]) => [name, this.example(one, seen)]));
    }
    const types = [schema.type].flat();
    if (types.includes("null")) return null;
    if (types.includes("array")) return schema.items ? [this.example(schema.items, seen)] : [];
    return { object: {}, boolean: false, integer: 0, number: 0, string: "…" }[types[0]] ?? null;
  }
}

function nameOf(reference) {
  return reference.$ref.split("/").pop();
}

function span(least, most, what) {
  if (least === undefined && most === undefined) return null;
  const unit = what && ` ${what}`;
  if (most === undefined) return `At least ${least}${unit}.`;
  return least === undefined ? `At most ${most}${unit}.` : `${least} to ${most}${unit}.`;
}
