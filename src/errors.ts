/**
 * The user's input is wrong or something the user must install is missing: exit 2, no stack trace.
 * `message` says what and where, `nextSteps` says what to type next.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(
    /** Stable, machine-readable kebab-case code, e.g. `unknown-gpu`. */
    readonly code: string,
    message: string,
    readonly nextSteps: readonly string[],
  ) {
    super(message);
  }
}
