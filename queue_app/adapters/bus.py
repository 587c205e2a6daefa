"""The bus between processes: only says "look now". Redis, or nothing at all in a single process.

No snapshot and nothing personal travels here. A process also sends itself a beat, so that a subscription that has gone
deaf without dying is noticed (`heard_at`). Source: docs/decisions/0005-relay.md.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import uuid

import redis

from queue_app.services.ports import Nudge

log = logging.getLogger("matazu.bus")
CHANNEL = "matazu:looks"
BEAT_S = 3.0


class RedisBus:
    """Nudges every process that listens, this one included."""

    def __init__(self, url: str, heard: Nudge) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._listener = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=None)
        self._heard = heard
        self._name = uuid.uuid4().hex
        self._to_say: queue.SimpleQueue[tuple[int, int, bool]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self.heard_at = time.monotonic()

    def nudge(self, office_id: int, version: int, *, urgent: bool) -> None:
        """Tell everybody, without waiting: this process at once, the others as soon as the bus takes it.

        Whoever pressed a button must not wait for a bus that has stalled.
        """
        self._heard(office_id, version, urgent=urgent)
        self._to_say.put((office_id, version, urgent))

    def start(self) -> None:
        for task in (self._listen, self._beat, self._say):
            threading.Thread(target=task, daemon=True, name=f"bus{task.__name__}").start()

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

    def _say(self) -> None:
        """What piled up while the bus was slow is said once per office: the newest version, urgent if any of it is."""
        while not self._stop.is_set():
            piled = [self._to_say.get()]
            while not self._to_say.empty():
                piled.append(self._to_say.get())
            for office_id in {each[0] for each in piled}:
                _, versions, urgencies = zip(*(each for each in piled if each[0] == office_id), strict=True)
                self._publish({"office": office_id, "version": max(versions), "urgent": any(urgencies)})

    def _publish(self, message: dict[str, int | str]) -> None:
        """A bus that is down costs the other processes a second at most: they look by themselves."""
        try:
            self._redis.publish(CHANNEL, json.dumps(message))
        except redis.RedisError as error:
            log.warning("the bus is down", extra={"kind": type(error).__name__})

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            self._publish({"beat": self._name})

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
                urgent = bool(message.get("urgent", True))
                self._heard(int(message["office"]), int(message["version"]), urgent=urgent)
        except (ValueError, TypeError, AttributeError, KeyError):
            return
