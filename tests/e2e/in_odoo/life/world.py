"""The world of a random life: its clock, its company, and who acts in it when."""

import logging
import random
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta

import freezegun

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from e2e.in_odoo.life import defects
from e2e.in_odoo.life.app import App
from e2e.in_odoo.life.catalogue import Catalogue
from e2e.in_odoo.life.office import Office
from e2e.in_odoo.life.staff import Staff

_logger = logging.getLogger(__name__)

BEGAN = datetime(2026, 1, 14, 9, 30)
DAY = timedelta(days=1)


def live(env, seed: int, subscriptions: int, moments: int, defect: str | None = None) -> dict:
    """Live a life and let everything that is due be rated and billed at its end.

    :param defect: what to break in the addon's code before, see `defects`
    :return: `now`, the instant at which it ended; `acts` and `refused`, how often by name;
        `touched`, the document lines to which staff did something, and `credited`, those of
        credit notes that staff made, `settling` those of them that settle something; `billed`,
        rows of the ledger that were waived and billed all the same; `lost`, counters that the app
        pushed and Odoo has not, but for those that were `removed`
    """
    with ExitStack() as stack:
        # The answers of refused acts are no alarm; what the engine fails at is told by the audit.
        stack.enter_context(
            mute_logger(
                "odoo.addons.fusion_billing.models.ledger.rating_run",
                "odoo.addons.fusion_billing.models.invoicing.run",
            )
        )
        clock = stack.enter_context(freezegun.freeze_time(BEGAN))
        if defect:
            stack.enter_context(defects.planted(env, defect))
        world = World(env, random.Random(seed), clock)
        world.begin(subscriptions)
        for _moment in range(moments):
            world.move_on()
        world.settle_up()
        return world.report()


class World:
    """Everything that acts shares one environment, one clock and one source of chance."""

    def __init__(self, env, rng, clock):
        self.env, self.rng, self._clock = (
            env(context={**env.context, "tracking_disable": True}),
            rng,
            clock,
        )
        self.acts, self.refused, self.seconds = Counter(), Counter(), Counter()
        self.catalogue = Catalogue(self)
        self.app, self.staff, self.office = App(self), Staff(self), Office(self)
        self.ids = []

    # === TIME === #

    @property
    def now(self):
        return datetime.now().replace(microsecond=0)  # noqa: DTZ005 frozen, and in UTC

    @property
    def today(self):
        return self.env.company._fusion_today()

    def wait(self, hours):
        self._clock.tick(timedelta(hours=hours))

    # === LIFE === #

    def begin(self, subscriptions):
        self.catalogue.create()
        self.env.company.fusion_usage_retention_months = 1
        self.env.cr.commit()
        for _number in range(subscriptions):
            self.ids.append(self.staff.subscribe().id)
            self.env.cr.commit()

    def move_on(self):
        """Let some time pass; then things happen, and the crons may or may not run."""
        self.wait(self.rng.randrange(6, 24 * 20))
        self.do("push", self.app.push)
        for _number in range(max(2, len(self.ids) // 2)):
            self.do(*self.random_act())
            self.wait(0.01)
        for _again in range(self.rng.choice((0, 0, 1, 1, 1, 2))):
            if self.rng.random() < 0.7:
                self.do("rate", self.rate)
            self.do("bill", self.bill)
        self.do("remove", self.remove)

    def random_act(self):
        actor = self.rng.choices(
            (self.staff, self.office, self.catalogue, self.app), (50, 40, 14, 10)
        )[0]
        name, act = self.rng.choice(actor.acts())
        return name, act

    def do(self, name, act):
        """Let somebody do something in a transaction of its own; a refusal changes nothing."""
        begun = freezegun.api.real_perf_counter()
        try:
            with self.env.cr.savepoint():
                done = act()
            self.acts[name] += done is not False
        except UserError as error:
            self.refused[name] += 1
            _logger.debug("%s was refused: %s", name, error)
        self.env.cr.commit()
        self.env.invalidate_all()
        self.seconds[name] += freezegun.api.real_perf_counter() - begun

    def rate(self):
        self.env["fusion.billing.usage"]._cron_rate_open_periods()

    def bill(self):
        with self.office.waivers_hold():
            self.env["sale.order"]._fusion_cron_create_invoices()

    def remove(self):
        """Remove counters of settled days, as soon as a company can choose."""
        self.env["sale.order"]._fusion_cron_remove_old_usage()

    def settle_up(self):
        """End some lives; let time pass until nothing waits, and the crons do what is due."""
        for order in self.env["sale.order"].browse(self.ids):
            if self.rng.random() < 0.4:
                end = self.today + self.rng.randrange(1, 4) * DAY
                self.do(
                    "end", lambda order=order, end=end: order._fusion_close(end, discard_usage=True)
                )
        self.wait(24 * self.rng.randrange(3, 40))
        self.do("bill", self.bill)
        self.wait(24 * 4)  # held drafts are posted
        self.do("rate", self.rate)
        self.do("bill", self.bill)

    def report(self):
        return {
            "now": self.now.isoformat(),
            "acts": dict(self.acts),
            "refused": dict(self.refused),
            "touched": sorted(self.office.touched),
            "credited": sorted(self.office.credited),
            "settling": sorted(self.office.settling),
            "billed": sorted(self.office.billed),
            "lost": self.app.lost(),
            "removed": self.app.removed,
            "seconds": dict(self.seconds),
        }

    # === CHANCE === #

    def order(self, *states):
        """A random subscription, in one of some states if any are given."""
        orders = self.env["sale.order"].browse(self.ids)
        if states:
            orders = orders.filtered(lambda order: order.fusion_state in states)
        return orders.browse(self.rng.choice(orders.ids)) if orders else orders

    def day(self, back=30, ahead=40):
        """Often today, tomorrow or yesterday, else some day around today."""
        near = self.rng.choice((-1, 0, 0, 1))
        days = self.rng.choice((near, self.rng.randrange(-back, ahead)))
        return self.today + days * DAY

    def chance(self, part):
        return self.rng.random() < part
