"""What answers look like: JSON Schema, written short.

Each function returns the schema of one field. `about` says what the field means where its name
does not, `example` is a value that makes sense beside those of the other fields.
"""


class Record(dict):
    """The schema of an object with a name, which stands once in the described API.

    :param str name: as programs would call its type: `Subscription`
    :param dict fields: schema by name; all are in every answer, unless they are :func:`sometimes`
    """

    def __init__(self, name, about, fields):
        super().__init__(_object(fields), description=about)
        self.name, self.about, self.fields = name, about, fields


def inline(fields):
    """An object without a name of its own."""
    return _object(fields)


def _object(fields):
    always = [name for name, schema in fields.items() if not schema.get("x-sometimes")]
    return {"type": "object", "properties": dict(fields), "required": always}


def sometimes(schema):
    """A field that only some answers have."""
    return {**schema, "x-sometimes": True}


def nullable(schema):
    """A field that may be null."""
    if "type" in schema:
        wider = {**schema, "type": [schema["type"], "null"]}
        return {**wider, "enum": [*schema["enum"], None]} if "enum" in schema else wider
    return {"anyOf": [schema, {"type": "null"}]}


def string(about="", example=None, **more):
    return _field("string", about, example, **more)


def integer(about="", example=None, **more):
    return _field("integer", about, example, **more)


def boolean(about="", example=None):
    return _field("boolean", about, example)


def decimal(about="", example=None):
    """An exact number in a text: a quantity, a price, an amount."""
    return _field("string", about, example, pattern=r"^-?[0-9]+(\.[0-9]+)?$")


def day(about="", example=None):
    return _field("string", about, example, format="date")


def moment(about="", example=None):
    return _field("string", about, example, format="date-time")


def choice(values, about="", example=None):
    values = list(values)
    return _field("string", about, example or values[0], enum=values)


def array(items, about=""):
    schema = {"type": "array", "items": items}
    return {**schema, "description": about} if about else schema


def mapping(about="", example=None):
    """An object whose names are not known beforehand."""
    return _field("object", about, example)


def _field(kind, about, example, **more):
    schema = {"type": kind, **more}
    if about:
        schema["description"] = about
    if example is not None:
        schema["examples"] = [example]
    return schema
