"""A meter for programs with asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import TracebackType

from .counters import Dimension
from .meter import Meter, Refused, Stats


class AsyncMeter:
    """A `Meter` whose waiting does not stop the event loop.

    async with AsyncMeter(Meter(client, metrics, spool=folder)) as meter:
        await meter.record("sub-42", "api_calls", durable=True)
    """

    def __init__(self, meter: Meter):
        self._meter = meter

    async def record(
        self,
        subscription: str | int,
        metric: str,
        quantity: int | Decimal | str = 1,
        *,
        at: datetime | None = None,
        value: str | None = None,
        dimensions: Mapping[str, Dimension] | None = None,
        durable: bool | None = None,
    ) -> None:
        """Count usage: see `Meter.record`. Who is cancelled here does not know if it is counted."""
        written = self._meter.submit(
            subscription,
            metric,
            quantity,
            at=at,
            value=value,
            dimensions=dimensions,
            durable=durable,
        )
        if written:
            await asyncio.wrap_future(written)

    async def flush(self, timeout: float | None = 30) -> bool:
        """Send what was recorded: see `Meter.flush`."""
        return await asyncio.to_thread(self._meter.flush, timeout)

    async def refused(self) -> list[Refused]:
        return await asyncio.to_thread(self._meter.refused)

    async def retry_refused(self) -> int:
        return await asyncio.to_thread(self._meter.retry_refused)

    async def stats(self) -> Stats:
        return await asyncio.to_thread(self._meter.stats)

    async def close(self, timeout: float = 5) -> None:
        await asyncio.to_thread(self._meter.close, timeout)

    async def __aenter__(self) -> AsyncMeter:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
