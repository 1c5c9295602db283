/** The bureau's own map: GeoJSON of the counties, and where on it a county's name stands. */

export type Position = readonly number[];
type Ring = readonly Position[];
type Rings = readonly Ring[];

export type Geometry =
  | { type: "LineString"; coordinates: Ring }
  | { type: "MultiLineString"; coordinates: Rings }
  | { type: "Polygon"; coordinates: Rings }
  | { type: "MultiPolygon"; coordinates: readonly Rings[] };

/** `code` is a county's; empty for what else the reviewed map shows. */
export interface Feature {
  type: "Feature";
  properties: { code: string };
  geometry: Geometry;
}

export interface Outline {
  type: "FeatureCollection";
  review_number: string;
  features: readonly Feature[];
}

/** A place inside of each county, [longitude, latitude]: of several areas in the largest. */
export function places(outline: Outline): Map<string, Position> {
  const largest = new Map<string, Ring>();
  for (const { properties, geometry } of outline.features) {
    if (!properties.code) continue;
    for (const ring of outerRings(geometry)) {
      const known = largest.get(properties.code);
      if (!known || area(ring) > area(known)) largest.set(properties.code, ring);
    }
  }
  return new Map([...largest].map(([code, ring]) => [code, inside(ring)]));
}

/** The middle latitude, so that a degree of longitude is drawn as long as it is. */
export function middle(outline: Outline): number {
  const latitudes = outline.features.filter(({ properties }) => properties.code).flatMap(({ geometry }) => outerRings(geometry).flat().map((position) => position[1] ?? 0));
  const [low, high] = latitudes.reduce(([least, most], each) => [Math.min(least, each), Math.max(most, each)], [90, -90]);
  return (low + high) / 2;
}

/** Beneath, what has no code, so that it takes no county's click; above, by `rank`, so that no calm neighbour covers a rim; lines last. */
export function stacked(outline: Outline, rank: (code: string) => number): Feature[] {
  const height = ({ properties, geometry }: Feature): number => (properties.code ? rank(properties.code) : geometry.type.endsWith("LineString") ? Infinity : -Infinity);
  return [...outline.features].sort((one, other) => Math.sign(height(one) - height(other)) || 0);
}

function outerRings(geometry: Geometry): Ring[] {
  if (geometry.type === "Polygon") return geometry.coordinates.slice(0, 1);
  return geometry.type === "MultiPolygon" ? geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1)) : [];
}

/** Gauss's shoelace formula, square degrees. */
function area(ring: Ring): number {
  return Math.abs(edges(ring).reduce((sum, [x0, y0, x1, y1]) => sum + x0 * y1 - x1 * y0, 0)) / 2;
}

function edges(ring: Ring): [x0: number, y0: number, x1: number, y1: number][] {
  return ring.map((from, index) => {
    const to = ring[(index + 1) % ring.length] as Position;
    return [from[0] ?? 0, from[1] ?? 0, to[0] ?? 0, to[1] ?? 0];
  });
}

/**
 * The middle of the widest piece of the line at half height: inside, whatever the shape (a centroid is not).
 * PostGIS's ST_PointOnSurface does the same.
 */
function inside(ring: Ring): Position {
  const latitudes = ring.map((position) => position[1] ?? 0);
  const half = (Math.min(...latitudes) + Math.max(...latitudes)) / 2;
  const crossings = edges(ring)
    .filter(([, y0, , y1]) => y0 > half !== y1 > half)
    .map(([x0, y0, x1, y1]) => x0 + ((half - y0) / (y1 - y0)) * (x1 - x0))
    .sort((one, other) => one - other);
  let widest: readonly [number, number] = [ring[0]?.[0] ?? 0, ring[0]?.[0] ?? 0];
  for (let index = 0; index + 1 < crossings.length; index += 2) {
    const piece = [crossings[index] as number, crossings[index + 1] as number] as const;
    if (piece[1] - piece[0] > widest[1] - widest[0]) widest = piece;
  }
  return [(widest[0] + widest[1]) / 2, half];
}
