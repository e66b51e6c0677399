"""The version of this package; its first two numbers are those of the API's contract."""

VERSION = "1.0.0"
