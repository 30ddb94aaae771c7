/** Long work yields to the event loop now and then: only then does Node hear Ctrl-C, a scheduler's request to end, or a timer. */

/** How long a thread works before it yields: a signal must be heard within 200 ms. */
const workMs = 20;
let lastYield = performance.now();

/** A browser has timers alone. */
const soon: (callback: () => void) => unknown = globalThis.setImmediate ?? setTimeout;

/** To be awaited between two pieces of work: nothing, until `workMs` have passed. */
export function yieldToEvents(): Promise<void> | undefined {
  if (performance.now() - lastYield < workMs) return undefined;
  return new Promise((resolve) => {
    soon(() => {
      lastYield = performance.now();
      resolve();
    });
  });
}
