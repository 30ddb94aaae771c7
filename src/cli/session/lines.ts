/** Bytes that arrive in pieces, as lines. One that grows too long is let go as it comes: nothing that is sent fills the memory. */
export class Lines {
  private begun: Buffer[] = [];
  private numBytes = 0;

  constructor(
    private readonly maximumBytes: number,
    /** `undefined`: the line was too long. */
    private readonly take: (line: string | undefined) => void,
  ) {}

  add(piece: Buffer): void {
    let start = 0;
    for (let end = piece.indexOf(lineFeed); end !== -1; end = piece.indexOf(lineFeed, start)) {
      this.keep(piece.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.keep(piece.subarray(start));
  }

  private keep(part: Buffer): void {
    this.numBytes += part.length;
    if (this.numBytes > this.maximumBytes) this.begun = [];
    else this.begun.push(part);
  }

  private end(): void {
    const line = this.numBytes > this.maximumBytes ? undefined : Buffer.concat(this.begun).toString();
    this.begun = [];
    this.numBytes = 0;
    this.take(line);
  }
}

const lineFeed = 10;
