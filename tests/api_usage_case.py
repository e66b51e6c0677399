from .api_case import ApiCase


class ApiUsageCase(ApiCase):
    """A subscription to push usage of, and what a push comes to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls._own_subscription("sub-42")

    def _stored(self):
        """What is stored of each counter: key, quantity."""
        self.env.invalidate_all()
        usages = self.env["fusion.billing.usage"].search([], order="id")
        exact = usages._read_exact(["quantity"])
        return [(usage.idempotency_key, exact[usage.id]["quantity"]) for usage in usages]

    def assertPushed(self, response, inserted=0, updated=0, unchanged=0):
        self.assertEqual(
            self.assertOk(response),
            {
                "accepted": inserted + updated + unchanged,
                "inserted": inserted,
                "updated": updated,
                "unchanged": unchanged,
            },
        )

    def assertBatchRefused(self, response, *errors):
        """Nothing is stored, and each bad event is told: (index, code, field)."""
        answer = self.assertError(response, 400, errors[0][1])
        self.assertEqual(
            [(error["index"], error["code"], error.get("field")) for error in answer["errors"]],
            list(errors),
        )
        self.assertEqual(self._stored(), [])
