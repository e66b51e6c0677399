"""What happens when two requests meet, and when one is cut off in the middle (U2, U4, U6)."""

from concurrent.futures import ThreadPoolExecutor

import requests

from core.api.rejections import MOST
from e2e.api_case import BEGAN, PARTIES, ApiServerCase

ROUNDS = 5

setUpModule = ApiServerCase.start


class TestSameKeysAtOnce(ApiServerCase):
    def test_two_clients_that_send_the_same_batch_at_once_store_it_once(self):
        """U6."""
        for number in range(ROUNDS):
            events = [self.event(f"{number}-{position}") for position in range(500)]
            responses = self.at_once(*[lambda e=events: self.push(e)] * PARTIES)
            self.assertAnswers(responses, {200})
            answers = [response.json() for response in responses]
            self.assertEqual(sum(answer["inserted"] for answer in answers), 500)
            self.assertEqual(sum(answer["unchanged"] for answer in answers), 500)
        self.assertEqual(len(self.stored()), 500 * ROUNDS)
        self.assertQuietLog()

    def test_batches_in_opposite_order_do_not_lock_each_other_out(self):
        """U6."""
        for number in range(ROUNDS):
            events = [self.event(f"{number}-{position}") for position in range(500)]
            responses = self.at_once(
                lambda e=events: self.push(e), lambda e=events: self.push(e[::-1])
            )
            self.assertAnswers(responses, {200})
        self.assertEqual(len(self.stored()), 500 * ROUNDS)
        self.assertQuietLog()

    def test_two_quantities_for_one_key_end_as_one_of_them_and_a_correction(self):
        """U3, U6."""
        corrections = self.count("fusion_billing_usage_correction")
        for number in range(ROUNDS):
            responses = self.at_once(
                lambda n=number: self.push([self.event(n, "1")]),
                lambda n=number: self.push([self.event(n, "2")]),
            )
            self.assertAnswers(responses, {200})
            answers = [response.json() for response in responses]
            self.assertEqual(
                sorted((a["inserted"], a["updated"]) for a in answers), [(0, 1), (1, 0)]
            )
            last = next(index for index, answer in enumerate(answers) if answer["updated"])
            stored = self.stored()[f"{self.names[0]}/{number}"]
            self.assertEqual(float(stored), float(last + 1))
        self.assertEqual(self.count("fusion_billing_usage_correction") - corrections, ROUNDS)
        self.assertQuietLog()

    def test_batches_that_overlap_lose_nothing(self):
        """U6."""
        first = [self.event(position) for position in range(300)]
        second = [self.event(position) for position in range(150, 450)]
        responses = self.at_once(lambda: self.push(first), lambda: self.push(second))
        self.assertAnswers(responses, {200})
        self.assertEqual(len(self.stored()), 450)
        self.assertEqual(sum(response.json()["inserted"] for response in responses), 450)


class TestSameRecordAtOnce(ApiServerCase):
    def assertCreatedOnce(self, responses, name):
        self.assertAnswers(responses, {200, 201})
        answers = [response.json() for response in responses]
        self.assertEqual(len({answer[name] for answer in answers}), 1)
        self.assertEqual(
            sorted(
                (response.status_code, answer["created"])
                for response, answer in zip(responses, answers, strict=True)
            ),
            [(200, False), (201, True)],
        )

    def test_a_customer_that_is_registered_twice_at_once_is_one_customer(self):
        partners = self.count("res_partner")
        for number in range(ROUNDS):
            body = {"external_id": f"twin-{number}", "name": "Twin"}
            self.assertCreatedOnce(
                self.at_once(*[lambda b=body: self.send("POST", "/customers", json=b)] * PARTIES),
                "partner_id",
            )
        self.assertEqual(self.count("res_partner") - partners, ROUNDS)
        self.assertQuietLog()

    def test_a_subscription_that_is_created_twice_at_once_is_one_subscription(self):
        orders = self.count("sale_order")
        for number in range(ROUNDS):
            body = {
                "external_id": f"twin-{number}",
                "external_customer_id": self.names[0],
                "plan_code": "metered",
            }
            self.assertCreatedOnce(
                self.at_once(
                    *[lambda b=body: self.send("POST", "/subscriptions", json=b)] * PARTIES
                ),
                "subscription_id",
            )
        self.assertEqual(self.count("sale_order") - orders, ROUNDS)
        self.assertQuietLog()

    def test_an_item_that_is_added_twice_at_once_is_one_item(self):
        """Nobody pays twice."""
        product = {"product_code": "bench-metered", "quantity": 2, "from": "2026-02-01"}
        customer = {"external_customer_id": self.names[0], "plan_code": "metered"}
        for _round in range(ROUNDS):
            made = self.send("POST", "/subscriptions", json={**customer, "start_date": BEGAN})
            path = f"/subscriptions/{made.json()['subscription_id']}/items"
            responses = self.at_once(*[lambda p=path: self.send("POST", p, json=product)] * PARTIES)
            self.assertAnswers(responses, {200, 201})
            first, second = (response.json() for response in responses)
            self.assertEqual(first["item"], second["item"])
            self.assertEqual({first["created"], second["created"]}, {True, False})
            [item] = self.send("GET", path).json()["items"]
            self.assertEqual(item, first["item"])
        self.assertQuietLog()

    def test_details_that_are_changed_twice_at_once_are_one_of_both(self):
        path = f"/customers/{self.names[0]}"
        for number in range(ROUNDS):
            cities = [f"City {number}-{party}" for party in range(PARTIES)]
            responses = self.at_once(
                *[lambda c=city: self.send("PATCH", path, json={"city": c}) for city in cities]
            )
            self.assertAnswers(responses, {200})
            self.assertIn(self.send("GET", path).json()["city"], cities)
        self.assertQuietLog()

    def test_a_subscription_that_is_cancelled_twice_at_once_is_cancelled_once(self):
        body = {"external_customer_id": self.names[0], "plan_code": "metered"}
        for _round in range(ROUNDS):
            created = self.send("POST", "/subscriptions", json=body).json()
            path = f"/subscriptions/{created['subscription_id']}/cancel"
            responses = self.at_once(*[lambda p=path: self.send("POST", p)] * PARTIES)
            self.assertAnswers(responses, {200})
            first, second = (response.json() for response in responses)
            self.assertEqual(first, second)
        self.assertQuietLog()


class TestOneRequestAtOnce(ApiServerCase):
    """With an `Idempotency-Key`, of many that send the same request one has it carried out."""

    def create(self, key):
        body = {"external_customer_id": self.names[0], "plan_code": "metered"}
        while True:
            response = self.send(
                "POST", "/subscriptions", json=body, extra={"Idempotency-Key": key}
            )
            if response.status_code != 409:
                return response
            self.assertEqual(response.json()["code"], "idempotency_in_flight")
            self.assertEqual(response.headers["Retry-After"], "1")

    def test_a_subscription_without_external_id_is_created_once(self):
        orders = self.count("sale_order")
        for number in range(ROUNDS):
            responses = self.at_once(*[lambda n=number: self.create(f"once-{n}")] * (2 * PARTIES))
            self.assertAnswers(responses, {201})
            self.assertEqual(len({response.content for response in responses}), 1)
        self.assertEqual(self.count("sale_order") - orders, ROUNDS)
        self.assertQuietLog()

    def test_while_one_is_carried_out_the_same_is_answered_409_and_then_as_the_first(self):
        event, extra = self.event("held"), {"Idempotency-Key": "held"}

        def push():
            return self.send("POST", "/usage", json={"events": [event]}, extra=extra)

        with ThreadPoolExecutor(1) as pool:
            with self.holding(event):
                first = pool.submit(push)
                self.wait_until(self.waiting, "no batch waits")
                second = push()
            first = first.result()
        self.assertEqual(second.status_code, 409, second.text)
        self.assertEqual(first.json()["inserted"], 1)
        self.assertEqual(push().content, first.content)
        self.assertQuietLog()

    def test_a_worker_that_is_killed_has_used_up_no_key(self):
        """U4."""
        event, extra = self.event("killed"), {"Idempotency-Key": "killed"}

        def push():
            try:
                return self.send("POST", "/usage", json={"events": [event]}, extra=extra)
            except requests.RequestException as error:
                return error

        with self.holding(event):
            error, _killed = self.at_once(push, self.kill_the_waiting_worker)
            self.assertIsInstance(error, requests.ConnectionError)
        self.wait_until(self.server.answers, "the server does not answer")
        self.assertEqual(push().json()["inserted"], 1)


class TestCutOff(ApiServerCase):
    def test_a_client_that_leaves_while_it_sends_stores_nothing(self):
        """U2, U4."""
        events = [self.event(position) for position in range(200)]
        whole = self.request_bytes(events)
        for part in (len(whole) // 2, len(whole) - 1):
            with self.connect_socket() as connection:
                connection.sendall(whole[:part])
        self.assertEqual(self.stored(), {})
        self.assertEqual(self.push(events).json()["inserted"], 200)

    def test_a_client_that_leaves_before_the_answer_can_send_again(self):
        """U3, U4: it cannot know whether its batch arrived."""
        events = [self.event(position) for position in range(200)]
        with self.connect_socket() as connection:
            connection.sendall(self.request_bytes(events))
        self.wait_until(lambda: len(self.stored()) == 200, "the batch is not stored")
        self.assertEqual(self.push(events).json()["unchanged"], 200)

    def test_a_client_that_says_more_than_it_sends_does_not_hold_the_server(self):
        """A1."""
        with self.connect_socket() as connection:
            connection.sendall(self.request_bytes([self.event(1)], length=100_000))
            answer = self.read_all(connection)
        self.assertIn(" 400 ", answer.splitlines()[0])
        self.assertIn('"invalid_payload"', answer)
        self.assertEqual(self.stored(), {})

    def test_a_worker_that_is_killed_in_a_batch_has_stored_nothing_and_kept_no_key(self):
        """U2, U4."""
        events = [self.event(position) for position in range(500)]
        with self.holding(events[250]):
            error, _killed = self.at_once(
                lambda: self.push_and_fail(events), self.kill_the_waiting_worker
            )
            self.assertIsInstance(error, requests.ConnectionError)
        self.wait_until(self.server.answers, "the server does not answer")
        self.assertEqual(self.stored(), {})
        self.assertEqual(self.push(events).json()["inserted"], 500)
        self.assertEqual(self.push(events).json()["unchanged"], 500)

    def push_and_fail(self, events):
        try:
            return self.push(events)
        except requests.RequestException as error:
            return error


class TestRefusedAtOnce(ApiServerCase):
    def test_u4_a_flood_of_refused_batches_is_kept_in_part_by_each_worker(self):
        refused = {**self.event(1), "metric_code": "nothing"}

        def flood():
            return [self.push([self.event(2), refused]) for _turn in range(3 * MOST)]

        before = self.count("fusion_billing_rejection")
        for responses in self.at_once(*[flood] * PARTIES):
            self.assertAnswers(responses, {400})
        kept = self.count("fusion_billing_rejection") - before
        self.assertTrue(MOST <= kept <= MOST * PARTIES, kept)
        self.assertEqual(self.stored(), {})
        self.assertQuietLog()
