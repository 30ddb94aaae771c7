/** Without the keys that hold undefined. */
export type Given<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

export const given = <Value extends object>(value: Value): Given<Value> =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Given<Value>;
