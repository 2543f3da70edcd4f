// What Grafana knows of a dashboard, as its own SDK has it: a file is checked by being assigned to Board. Members may be
// missing, as Grafana has defaults; one that it does not know, or a value of another kind, is an error.
import type * as bargauge from "@grafana/grafana-foundation-sdk/dist/bargauge";
import type * as dashboard from "@grafana/grafana-foundation-sdk/dist/dashboard";
import type * as prometheus from "@grafana/grafana-foundation-sdk/dist/prometheus";
import type * as stat from "@grafana/grafana-foundation-sdk/dist/stat";
import type * as table from "@grafana/grafana-foundation-sdk/dist/table";
import type * as timeseries from "@grafana/grafana-foundation-sdk/dist/timeseries";

// In a file an enum is its text.
type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer Each)[] ? Plain<Each>[]
  : { [Name in keyof T as T[Name] extends Function ? never : Name]?: Plain<T[Name]> };

type Fields<Custom> = Omit<Plain<dashboard.FieldConfigSource>, "defaults"> & {
  defaults: Omit<Plain<dashboard.FieldConfig>, "custom" | "unit" | "thresholds" | "mappings">
    & Required<Pick<Plain<dashboard.FieldConfig>, "unit" | "thresholds">>
    & { custom?: Plain<Custom>; mappings?: Plain<dashboard.ValueMap>[] };
};

type Panel<Type extends string, Options, Custom> = Omit<Plain<dashboard.Panel>,
  "type" | "targets" | "options" | "fieldConfig" | "transformations"> & {
  type: Type; title: string; gridPos: Required<Omit<Plain<dashboard.GridPos>, "static">>;
  targets: Plain<prometheus.Dataquery>[]; options: Plain<Options>; fieldConfig: Fields<Custom>;
  links: Plain<dashboard.DashboardLink>[]; transformations?: { id: "organize"; options: object }[];
};

export type Board = Omit<Plain<dashboard.Dashboard>, "panels" | "templating" | "uid" | "title"> & {
  uid: string; title: string;
  templating: { list: (Omit<Plain<dashboard.VariableModel>, "query" | "options" | "current">
    & { query: object; options: []; current: object })[] };
  panels: (Panel<"timeseries", timeseries.Options, timeseries.FieldConfig> | Panel<"stat", stat.Options, {}>
    | Panel<"bargauge", bargauge.Options, {}> | Panel<"table", table.Options, table.FieldConfig>)[];
};
