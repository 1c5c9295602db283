/** The county grid: a cell per county and a label cell per prefecture, outlined by prefecture. */

import type { Region, Tile } from "./types";

export interface Cell {
  region: Region;
  /** The prefecture's code. */
  group: string;
  isLabel: boolean;
  row: number;
  column: number;
}

export interface Grid {
  cells: readonly Cell[];
  rows: number;
  columns: number;
  /** An SVG path in cell units: every edge between different groups. */
  outline: string;
  /** Top left of a free corner for the legend, null where there is no room. */
  legend: Tile | null;
}

/** The legend's size in cells. */
const LEGEND_ROWS = 2;
const LEGEND_COLUMNS = 4;

export function layOut(regions: readonly Region[]): Grid {
  const cells = regions.flatMap((region) => (region.tile ? [cell(region, region.tile)] : []));
  const rows = 1 + Math.max(-1, ...cells.map((each) => each.row));
  const columns = 1 + Math.max(-1, ...cells.map((each) => each.column));
  const groupAt = new Map(cells.map((each) => [`${each.row},${each.column}`, each.group]));
  return { cells, rows, columns, outline: outline(cells, groupAt), legend: freeCorner(rows, columns, groupAt) };
}

function cell(region: Region, tile: Tile): Cell {
  const isLabel = region.level === "prefecture";
  return { region, group: `${region.code.slice(0, 4)}00`, isLabel, row: tile[0], column: tile[1] };
}

function outline(cells: readonly Cell[], groupAt: ReadonlyMap<string, string>): string {
  const edges = new Set<string>();
  for (const { row, column, group } of cells) {
    const differs = (r: number, c: number): boolean => groupAt.get(`${r},${c}`) !== group;
    if (differs(row - 1, column)) edges.add(`M${column} ${row}h1`);
    if (differs(row + 1, column)) edges.add(`M${column} ${row + 1}h1`);
    if (differs(row, column - 1)) edges.add(`M${column} ${row}v1`);
    if (differs(row, column + 1)) edges.add(`M${column + 1} ${row}v1`);
  }
  return [...edges].join("");
}

/** The cells of these counties in rows of at least `columns`, at most `rows` of them; neither labels nor legend. */
export function strip(grid: Grid, codes: readonly string[], columns: number, rows: number): Grid {
  const wide = Math.max(columns, Math.ceil(codes.length / rows));
  const chosen = new Set(codes);
  const cells = grid.cells
    .filter((each) => chosen.has(each.region.code))
    .map((each, index) => ({ ...each, row: Math.floor(index / wide), column: index % wide }));
  return { cells, rows: Math.ceil(cells.length / wide), columns: wide, outline: "", legend: null };
}

/** Looks from the bottom right, where the eye looks for a legend. */
function freeCorner(rows: number, columns: number, taken: ReadonlyMap<string, string>): Tile | null {
  for (let row = rows - LEGEND_ROWS; row >= 0; row--)
    for (let column = columns - LEGEND_COLUMNS; column >= 0; column--) if (isFree(row, column, taken)) return [row, column];
  return null;
}

function isFree(top: number, left: number, taken: ReadonlyMap<string, string>): boolean {
  for (let row = top; row < top + LEGEND_ROWS; row++)
    for (let column = left; column < left + LEGEND_COLUMNS; column++) if (taken.has(`${row},${column}`)) return false;
  return true;
}
