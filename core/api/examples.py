"""What requests and answers look like: examples, made of those of their fields."""


def example_of(fields):
    """Return an object of declared fields' examples: a request that makes sense."""
    example = {}
    for name, one in fields.items():
        if one.members and one.is_required:
            example[name] = [example_of(one.members)]
        elif one.example is not None:
            example[name] = one.example
    return example


def example_of_shape(schema):
    """Return a value that an answer may have, as :mod:`.shapes` describes it.

    What only some answers have is left out. Null if a field has no example: then it must be one
    that may be null.
    """
    if "examples" in schema:
        return schema["examples"][0]
    match schema.get("type"):
        case "object":
            always = schema.get("required", ())
            return {name: example_of_shape(schema["properties"][name]) for name in always}
        case "array":
            return [example_of_shape(schema["items"])]
        case "boolean":
            return False
    return None
