/** What a search has found out about every candidate, as columns that workers can share. */
export const states = ['pending', 'refused', 'excluded', 'exceeds', 'exceedsDeduced', 'tight', 'fits'] as const;
export type State = (typeof states)[number];
export const stateCode = Object.fromEntries(states.map((state, code) => [state, code])) as Readonly<
  Record<State, number>
>;

export class Candidates {
  private constructor(
    /** Index into `states`. */
    readonly state: Uint8Array,
    readonly peakLiveBytes: Float64Array,
    /** 0 where nothing was replayed. */
    readonly deviceBytes: Float64Array,
    readonly sampleFlops: Float64Array,
    /** Of a refused one: 1 + the place among the code base's `ownRefusals`; 0: no configuration can be so. */
    readonly refusedBy: Uint8Array,
    readonly buffers: CandidateBuffers,
  ) {}

  static over(buffers: CandidateBuffers): Candidates {
    const { state, peakLiveBytes, deviceBytes, sampleFlops, refusedBy } = buffers;
    return new Candidates(
      new Uint8Array(state),
      new Float64Array(peakLiveBytes),
      new Float64Array(deviceBytes),
      new Float64Array(sampleFlops),
      new Uint8Array(refusedBy),
      buffers,
    );
  }

  static create(count: number): Candidates {
    const doubles = () => new SharedArrayBuffer(8 * count);
    return Candidates.over({
      state: new SharedArrayBuffer(count),
      peakLiveBytes: doubles(),
      deviceBytes: doubles(),
      sampleFlops: doubles(),
      refusedBy: new SharedArrayBuffer(count),
    });
  }
}

export type CandidateBuffers = Readonly<
  Record<'state' | 'peakLiveBytes' | 'deviceBytes' | 'sampleFlops' | 'refusedBy', SharedArrayBuffer>
>;
