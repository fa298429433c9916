/** Of d3-scale and d3-shape what the first page's chart needs, by the same names: the whole of them is a tenth of what a first visit loads. */

type Pair = readonly [number, number];

interface BandScale {
  (name: string): number | undefined;
  step: () => number;
  bandwidth: () => number;
  /** The shares of a step between two bands, and before the first and after the last. */
  paddingInner: (share: number) => BandScale;
  paddingOuter: (share: number) => BandScale;
}

/** Where each of some names has its band, all of one width, in a range. */
export function scaleBand(names: string[], [from, to]: Pair, inner = 0, outer = 0): BandScale {
  // A chart whose margins have no room runs backwards, and its bands are still some pixels wide.
  const [least, most] = [Math.min(from, to), Math.max(from, to)];
  const step = (most - least) / Math.max(1, names.length - inner + 2 * outer);
  const first = least + (most - least - step * (names.length - inner)) / 2;
  const places = new Map((to < from ? names.toReversed() : names).map((name, i) => [name, first + step * i]));
  return Object.assign((name: string) => places.get(name), {
    step: () => step,
    bandwidth: () => step * (1 - inner),
    paddingInner: (share: number) => scaleBand(names, [from, to], share, outer),
    paddingOuter: (share: number) => scaleBand(names, [from, to], inner, share),
  });
}

/** The step of about `count` round figures within a span: 1, 2 or 5 times a power of ten. Its inverse below 1, which is a whole number. */
function roundStep(span: number, count: number): { step: number; inverse: number } {
  const raw = span / count;
  const power = Math.floor(Math.log10(raw));
  const error = raw / 10 ** power;
  const factor = error >= Math.sqrt(50) ? 10 : error >= Math.sqrt(10) ? 5 : error >= Math.SQRT2 ? 2 : 1;
  return power < 0 ? { step: 0, inverse: 10 ** -power / factor } : { step: factor * 10 ** power, inverse: 0 };
}

interface LinearScale {
  (value: number): number;
  /** With both ends moved out to round figures. */
  nice: (count: number) => LinearScale;
  /** About so many round figures. */
  ticks: (count: number) => number[];
}

/** Maps a span of figures, the smaller first, to a range. */
export function scaleLinear([low, high]: Pair, [from, to]: Pair): LinearScale {
  return Object.assign((value: number) => from + ((value - low) / (high - low)) * (to - from), {
    nice(count: number) {
      let [least, most] = [low, high];
      for (let before = ""; ; ) {
        const { step, inverse } = roundStep(most - least, count);
        if (`${step} ${inverse}` === before) return scaleLinear([least, most], [from, to]);
        before = `${step} ${inverse}`;
        least = step ? Math.floor(least / step) * step : Math.floor(least * inverse) / inverse;
        most = step ? Math.ceil(most / step) * step : Math.ceil(most * inverse) / inverse;
      }
    },
    ticks(count: number) {
      const { step, inverse } = roundStep(high - low, count);
      const first = Math.ceil(step ? low / step : low * inverse);
      const last = Math.floor(step ? high / step : high * inverse);
      return Array.from({ length: last - first + 1 }, (_, i) => (step ? (first + i) * step : (first + i) / inverse));
    },
  });
}

type Segment<Row> = [from: number, to: number] & { data: Row };
type Layer<Row> = Segment<Row>[] & { key: string };

interface Stack<Row> {
  (rows: Row[]): Layer<Row>[];
  keys: (keys: string[]) => Stack<Row>;
  value: (value: (row: Row, key: string) => number) => Stack<Row>;
}

/** Figures of several kinds on top of each other, a layer for each kind. */
export function stack<Row, Key extends string>(names: Key[] | string[] = [], value: (row: Row, key: string) => number = () => 0): Stack<Row> {
  const layers = (rows: Row[]) => {
    const tops = rows.map(() => 0);
    return names.map((key) =>
      Object.assign(
        rows.map((row, i) => {
          const from = tops[i] ?? 0;
          const to = (tops[i] = from + value(row, key));
          return Object.assign([from, to] as [number, number], { data: row });
        }),
        { key },
      ),
    );
  };
  return Object.assign(layers, {
    keys: (keys: string[]) => stack<Row, string>(keys, value),
    value: (of: (row: Row, key: string) => number) => stack<Row, string>(names, of),
  });
}
