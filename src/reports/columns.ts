/** A column of a table, the same for every format. */
export interface Column<Row> {
  readonly title: string;
  readonly alignment: '<' | '>';
  readonly text: (row: Row) => string;
  /** Given up first where it is highest and the terminal is narrow; absent: never. */
  readonly dispensable?: number;
  /** Left out where all rows say the same. */
  readonly onlyIfVaried?: boolean;
}

export const shownColumns = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly Column<Row>[] =>
  columns.filter(({ onlyIfVaried, text }) => !onlyIfVaried || new Set(rows.map(text)).size > 1);
