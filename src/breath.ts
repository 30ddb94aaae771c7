/** Long work looks up now and then: only then does Node hear Ctrl-C, a scheduler's request to end, or a timer. */

/** How long a thread works before it looks up: a signal must be heard within 200 ms. */
const breathMs = 20;
let lastBreath = performance.now();

/** To be awaited between two pieces of work: nothing, until `breathMs` have passed. */
export function breathe(): Promise<void> | undefined {
  if (performance.now() - lastBreath < breathMs) return undefined;
  return new Promise((resolve) => {
    setTimeout(() => {
      lastBreath = performance.now();
      resolve();
    });
  });
}
