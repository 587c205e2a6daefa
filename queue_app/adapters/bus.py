"""The bus between processes: only says "look now". Redis, or nothing at all in a single process.

No snapshot and nothing personal travels here. A process also sends itself a beat, so that a subscription that has gone
deaf without dying is noticed (`heard_at`). Source: docs/decisions/0005-relay.md.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable

import redis

log = logging.getLogger("matazu.bus")
CHANNEL = "matazu:looks"
BEAT_S = 3.0


class RedisBus:
    """Nudges every process that listens, this one included."""

    def __init__(self, url: str, heard: Callable[[int, int], None]) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._listener = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=None)
        self._heard = heard
        self._name = uuid.uuid4().hex
        self._stop = threading.Event()
        self.heard_at = time.monotonic()

    def nudge(self, office_id: int, version: int) -> None:
        """Tell everybody. This process is told directly, so a bus that is down costs the others a second at most."""
        self._heard(office_id, version)
        try:
            self._redis.publish(CHANNEL, json.dumps({"office": office_id, "version": version}))
        except redis.RedisError as error:
            log.warning("the bus is down", extra={"kind": type(error).__name__})

    def start(self) -> None:
        for task in (self._listen, self._beat):
            threading.Thread(target=task, daemon=True, name=f"bus-{task.__name__}").start()

    def stop(self) -> None:
        self._stop.set()

    def is_heard(self) -> bool:
        """Whether our own beat came back lately; a deaf process is not ready."""
        return time.monotonic() - self.heard_at < 4 * BEAT_S

    def ping(self) -> bool:
        """Whether the bus answers at all."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                self._redis.publish(CHANNEL, json.dumps({"beat": self._name}))
            except redis.RedisError:
                continue

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._subscribe() as subscription:
                    while not self._stop.is_set():
                        message = subscription.get_message(timeout=BEAT_S)
                        if message is not None:
                            self._take(message["data"])
                        elif not self.is_heard():
                            break  # deaf: subscribe anew
            except (redis.RedisError, OSError) as error:
                log.warning("lost the bus", extra={"kind": type(error).__name__})
                self._stop.wait(1.0)

    def _subscribe(self) -> redis.client.PubSub:
        subscription: redis.client.PubSub = self._listener.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        subscription.subscribe(CHANNEL)
        return subscription

    def _take(self, data: bytes) -> None:
        """Whatever else stands on the channel is not ours and is dropped."""
        try:
            message = json.loads(data)
            if message.get("beat") == self._name:
                self.heard_at = time.monotonic()
            elif "office" in message:
                self._heard(int(message["office"]), int(message["version"]))
        except (ValueError, TypeError, AttributeError, KeyError):
            return
