// Panels of a Grafana dashboard, as its JSON model has them (schemaVersion 39).

/** One query of a panel, and what its lines are called. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Look {
  readonly title: string;
  /** What somebody reads who has never seen the panel. */
  readonly description: string;
  /** As Grafana names units: `s`, `reqps`, `bytes`, `percentunit`. */
  readonly unit: string;
  /** Of the 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  /** From which value on it is yellow, and red. A panel without them has no colour that means anything. */
  readonly alarms?: readonly [warning: number, critical: number];
}

export type Panel =
  | ({ readonly kind: "graph"; readonly stacked?: "stacked" } & Look)
  /** One number. `bad`: whether few or much of it is. */
  | ({ readonly kind: "number"; readonly bad?: "low" | "high" } & Look)
  /** One row for each series, with these labels as columns. */
  | ({ readonly kind: "table"; readonly columns: Readonly<Record<string, string>>; readonly value: string } & Look);

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;
const COLUMNS = 24;
const HEIGHTS = { number: 4, graph: 8, table: 8 } as const;

/** The panels of all rows with their places, as Grafana's `panels` has them. */
export function layOut(rows: readonly Row[]): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  for (const row of rows) {
    placed.push({ id: placed.length + 1, type: "row", title: row.title, collapsed: false, gridPos: { h: 1, w: COLUMNS, x: 0, y }, panels: [] });
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of row.panels) {
      if (x + panel.width > COLUMNS) [x, y, height] = [0, y + height, 0];
      placed.push({ id: placed.length + 1, gridPos: { h: HEIGHTS[panel.kind], w: panel.width, x, y }, ...modelOf(panel) });
      x += panel.width;
      height = Math.max(height, HEIGHTS[panel.kind]);
    }
    y += height;
  }
  return placed;
}

function modelOf(panel: Panel): object {
  const { title, description, queries } = panel;
  const common = { title, description, datasource: DATASOURCE };
  const targets = queries.map(({ expr, legend }, i) => ({ refId: String.fromCodePoint(65 + i), datasource: DATASOURCE, editorMode: "code", expr, legendFormat: legend, format: panel.kind === "table" ? "table" : "time_series", range: panel.kind === "graph", instant: panel.kind !== "graph" }));
  switch (panel.kind) {
    case "graph":
      return { ...common, type: "timeseries", targets, fieldConfig: { defaults: { ...defaultsOf(panel), min: 0, custom: lines(panel) }, overrides: [] }, options: GRAPH };
    case "number":
      return { ...common, type: "stat", targets, fieldConfig: { defaults: defaultsOf(panel), overrides: [] }, options: numberOptions(panel) };
    case "table":
      return { ...common, type: "table", targets, fieldConfig: { defaults: defaultsOf(panel), overrides: [] }, options: { showHeader: true, cellHeight: "sm" }, transformations: [columnsOf(panel)] };
  }
}

const GRAPH = {
  legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] },
  tooltip: { mode: "multi", sort: "desc" },
};

function lines({ stacked }: Extract<Panel, { kind: "graph" }>): object {
  return {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: stacked === undefined ? 0 : 20,
    showPoints: "never",
    spanNulls: false,
    stacking: { mode: stacked === undefined ? "none" : "normal", group: "A" },
  };
}

function numberOptions({ alarms }: Panel): object {
  return { reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false }, colorMode: alarms === undefined ? "none" : "background", graphMode: "none", justifyMode: "auto", textMode: "auto", orientation: "auto" };
}

function defaultsOf(panel: Panel): object {
  return { unit: panel.unit, color: { mode: panel.kind === "graph" ? "palette-classic" : "thresholds" }, thresholds: { mode: "absolute", steps: steps(panel) } };
}

function steps(panel: Panel): readonly object[] {
  if (panel.alarms === undefined) return [{ color: "text", value: null }];
  const [warning, critical] = panel.alarms;
  const isLowBad = panel.kind === "number" && panel.bad === "low";
  if (isLowBad) return [{ color: "red", value: null }, { color: "yellow", value: critical }, { color: "green", value: warning }];
  return [{ color: "green", value: null }, { color: "yellow", value: warning }, { color: "red", value: critical }];
}

// What is not named is left out; what is, has a heading.
function columnsOf({ columns, value }: Extract<Panel, { kind: "table" }>): object {
  const names = { ...columns, Value: value };
  return { id: "organize", options: { excludeByName: { Time: true }, indexByName: Object.fromEntries(Object.keys(names).map((name, i) => [name, i])), renameByName: names } };
}
