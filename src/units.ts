/** A number of bytes. Branded so that a count of rows or of GiB can't be passed by mistake. Formatting happens in `reports/`. */
export type Bytes = number & { readonly __unit: 'bytes' };

export const bytes = (value: number): Bytes => value as Bytes;

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;
