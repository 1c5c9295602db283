import { describe, expect, it } from "vitest";
import { layOut, strip } from "../src/model/grid";
import { middle, places, stacked, type Feature, type Geometry, type Outline } from "../src/model/map";
import { changedSince, type Area } from "../src/view/map-chart";
import { region } from "./examples";

const SQUARE = [[80, 30], [82, 30], [82, 32], [80, 32], [80, 30]];
/** A bracket that is open to the east: its centroid lies in the opening, of its line at half height only the west is inside. */
const BRACKET = [[80, 30], [90, 30], [90, 31], [81, 31], [81, 35], [90, 35], [90, 36], [80, 36], [80, 30]];

function feature(code: string, geometry: Geometry): Feature {
  return { type: "Feature", properties: { code }, geometry };
}

function outline(...features: Feature[]): Outline {
  return { type: "FeatureCollection", review_number: "GS(2000)0001号", features };
}

describe("a name on the map", () => {
  it("stands in the middle of a county", () => {
    expect(places(outline(feature("a", { type: "Polygon", coordinates: [SQUARE] }))).get("a")).toEqual([81, 31]);
  });

  it("stands inside, whatever the shape", () => {
    expect(places(outline(feature("a", { type: "Polygon", coordinates: [BRACKET] }))).get("a")).toEqual([80.5, 33]);
  });

  it("stands in the largest of several areas, whether one feature has them or several", () => {
    const far = SQUARE.map(([x = 0, y = 0]) => [x / 10, y / 10]);
    expect(places(outline(feature("a", { type: "MultiPolygon", coordinates: [[far], [SQUARE]] }))).get("a")).toEqual([81, 31]);
    expect(places(outline(feature("a", { type: "Polygon", coordinates: [SQUARE] }), feature("a", { type: "Polygon", coordinates: [far] }))).get("a")).toEqual([81, 31]);
  });

  it("is nobody's where there is no code", () => {
    expect([...places(outline(feature("", { type: "Polygon", coordinates: [SQUARE] })))]).toEqual([]);
  });
});

describe("the map", () => {
  const other = feature("", { type: "Polygon", coordinates: [SQUARE] });
  const line = feature("", { type: "LineString", coordinates: SQUARE });
  const [calm, red] = ["calm", "red"].map((code) => feature(code, { type: "Polygon", coordinates: [SQUARE] })) as [Feature, Feature];

  it("has other areas beneath, then counties by level, then lines", () => {
    const rank = (code: string): number => (code === "red" ? 4 : 0);
    expect(stacked(outline(red, line, calm, other), rank)).toEqual([other, calm, red, line]);
  });

  it("takes its middle latitude from the counties alone", () => {
    const south = feature("", { type: "LineString", coordinates: [[110, 3], [111, 4]] });
    expect(middle(outline(calm, south))).toBe(31);
  });
});

describe("the strip of counties that a map lacks", () => {
  const grid = layOut([region("540100", [0, 0]), ...["540102", "540103", "540104"].map((code, index) => region(code, [1, index]))]);

  it("has them in the order of the catalogue, without labels", () => {
    const found = strip(grid, ["540104", "540102"], 13, 2);
    expect(found.cells.map((cell) => [cell.region.code, cell.row, cell.column])).toEqual([["540102", 0, 0], ["540104", 0, 1]]);
    expect([found.rows, found.columns, found.outline, found.legend]).toEqual([1, 13, "", null]);
  });

  it("grows wider rather than higher", () => {
    expect(strip(grid, ["540102", "540103", "540104"], 1, 2)).toMatchObject({ rows: 2, columns: 2 });
  });
});

describe("a change on the map", () => {
  it("is one since the last drawing, not the first drawing and not a new count from the start", () => {
    const area = (code: string, changes: number) => ({ code, changes }) as Area;
    const seen = new Map([["a", 0], ["b", 2], ["c", 2]]);
    expect([...changedSince(seen, { areas: [area("a", 1), area("b", 2), area("c", 0), area("d", 3)] })]).toEqual(["a"]);
  });
});
