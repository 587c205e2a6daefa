// The part of an office's board that one screen shows: the counters of its zone, their calls and queues.
//
// A zone is the waiting area named at each counter; without one the screen shows the whole office. A hand-over board shows
// only what is called for or ready for hand-over.

/** The snapshot as this screen sees it: {zone, kind}. Everything it leaves out stays out of the voice too. */
export function ofZone(snapshot, { zone, kind }) {
  const counters = snapshot.counters.filter((counter) => !zone || counter.zone === zone);
  const codes = new Set(counters.map(({ counter }) => counter));
  const services = new Set(counters.flatMap((counter) => counter.services ?? []));
  const isOurs = (number) => !zone || services.has(snapshot.services_of?.[number]);
  const isMeant = (call) => codes.has(call.counter) && (kind !== "handover" || call.kind === "handover");
  return {
    ...snapshot,
    counters,
    calls: snapshot.calls.filter(isMeant),
    queues: snapshot.queues.filter(({ service }) => !zone || services.has(service)),
    ready: snapshot.ready.filter(isOurs),
    missed: snapshot.missed.filter(isOurs),
  };
}
