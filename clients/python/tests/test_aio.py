"""The meter in programs with asyncio: nothing that waits stops the loop."""

import asyncio
import time
from itertools import pairwise

from api_server import Slow
from fusion_billing_client import AsyncMeter, MeterError
from meter_case import MeterCase


class TestAsyncMeter(MeterCase):
    def run_async(self, use):
        """Run `use(meter)`; the loop must never have stood still for long."""

        async def run():
            ticks = [time.monotonic()]

            async def tick():
                while True:
                    await asyncio.sleep(0.01)
                    ticks.append(time.monotonic())

            ticking = asyncio.create_task(tick())
            async with AsyncMeter(self.meter()) as meter:
                await use(meter)
            ticking.cancel()
            return max((after - before for before, after in pairwise(ticks)), default=0)

        return asyncio.run(run())

    def test_many_tasks_count_durably_while_billing_hangs(self):
        self.api.next(Slow(1.5))

        async def use(meter):
            await meter.record("sub-0", "calls")
            flushing = asyncio.create_task(meter.flush())
            while not self.api.requests:
                await asyncio.sleep(0.01)
            records = [
                meter.record(f"sub-{n % 9}", "calls", durable=n % 2 == 0) for n in range(200)
            ]
            await asyncio.gather(*records)
            self.assertFalse(flushing.done())
            self.assertTrue(await flushing)
            self.assertTrue(await meter.flush())
            self.assertEqual((await meter.stats()).recorded, 201)

        self.assertLess(self.run_async(use), 1)
        self.assertEqual(self.api.total(), 201)

    def test_what_is_wrong_is_raised_where_it_is_awaited(self):
        async def use(meter):
            for wrong in (meter.record("sub-1", "unheard"), meter.record("sub-1", "calls", -1)):
                with self.assertRaises((MeterError, ValueError)):
                    await wrong
            await meter.record("unknown-1", "calls")
            self.assertTrue(await meter.flush())
            [refused] = await meter.refused()
            self.assertEqual(refused.code, "unknown_subscription")
            self.api.unknown = "nobody"
            self.assertEqual(await meter.retry_refused(), 1)

        self.run_async(use)
        self.assertEqual(self.api.total(), 1)

    def test_who_does_not_wait_to_the_end_loses_nothing_and_stops_nobody(self):
        async def use(meter):
            task = asyncio.create_task(meter.record("sub-1", "calls", 5, durable=True))
            await asyncio.sleep(0)
            task.cancel()
            await meter.record("sub-2", "calls", durable=True)

        self.run_async(use)
        self.assertIn(self.api.total(), (1, 6))
        self.assertEqual(self.api.quantities("subscription")["sub-2"], 1)
