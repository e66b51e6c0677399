"""The fuzzer of the API: seeded requests, most of them half-valid, sent as raw bytes.

`corpus` has a good request for each endpoint, `mutations` and `headers` spoil it, `generator` makes
the bytes, `wire` sends them and reads what comes back, `oracle` judges one answer, and `effects`
holds all answers together against the database. Request `number` of a seed is always the same.
"""
