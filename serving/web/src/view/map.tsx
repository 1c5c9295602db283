import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { strip } from "../model/grid";
import type { Outline } from "../model/map";
import { nameOf, shortOf } from "../words";
import { changes, CountyGrid, Keys, told, type CountyProps } from "./counties";
import type { Area, MapChart, MapDrawing } from "./map-chart";

/** Tiles of missing counties stand in rows of at least this many. */
const STRIP_COLUMNS = 13;
const STRIP_ROWS = 2;
/** A strip's tile is as high as on the grid; small, as beside a red alert. */
const STRIP_HEIGHT = { large: 76, small: 46 };
const SYMBOL = { large: 16, small: 13 };

interface Props extends CountyProps {
  outline: Outline;
  /** Counties that the map lacks. */
  missing: readonly string[];
  scale: number;
  small?: boolean;
}

/** The bureau's map in the place of the tiles, its review number on it, and tiles for what it lacks. */
export function CountyMap(props: Props) {
  const { outline, words, missing, grid, small } = props;
  const lacking = useMemo(() => strip(grid, missing, STRIP_COLUMNS, STRIP_ROWS), [grid, missing]);
  const size = small ? { pitch: STRIP_HEIGHT.small } : { height: STRIP_HEIGHT.large };
  return (
    <div class={`map${small ? " small" : ""}${missing.length ? " lacking" : ""}`} style={{ "--strip": `${lacking.rows * (size.pitch ?? size.height)}` }}>
      <Canvas {...props} />
      <p class="review">{words.reviewNumber(outline.review_number)}</p>
      <Areas {...props} />
      {!small && (
        <div class="legend line">
          <Keys {...props} />
        </div>
      )}
      {missing.length > 0 && (
        <div class="strip">
          <CountyGrid {...props} {...size} grid={lacking} />
        </div>
      )}
    </div>
  );
}

/** The drawing, made anew only where what it shows has changed. */
function Canvas(props: Props) {
  const { outline, words, metric, onRegion } = props;
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<MapChart | null>(null);
  const clicked = useRef(onRegion);
  clicked.current = onRegion;
  useEffect(() => {
    let opened: MapChart | null = null;
    let current = true;
    const resized = new ResizeObserver(() => opened?.resize());
    void import("./map-chart").then((charts) => {
      if (!current || !box.current) return;
      opened = charts.open(box.current, outline, (code) => clicked.current(code));
      resized.observe(box.current);
      setChart(opened);
    });
    return () => {
      current = false;
      resized.disconnect();
      opened?.dispose();
    };
  }, [outline]);
  const drawing = JSON.stringify(drawn(props));
  useEffect(() => chart?.draw(JSON.parse(drawing) as MapDrawing), [chart, drawing]);
  return <div class="canvas" ref={box} role="img" aria-label={words.counties[metric]} />;
}

function drawn(props: Props): MapDrawing {
  const { places, grid, lang, scale, small } = props;
  const areas = grid.cells.flatMap(({ region }): Area[] => {
    const tile = places.tiles.get(region.code);
    if (!tile) return [];
    const { level, unconfirmed, silent } = tile;
    const late = tile.late > 0;
    const said = told(tile, props);
    const [name, text] = small ? ["", ""] : [shortOf(region, lang), said];
    return [{ code: region.code, level, unconfirmed, late, silent, name, text, changes: changes(region.code, tile, said, props) }];
  });
  return { areas, scale, symbol: small ? SYMBOL.small : SYMBOL.large };
}

/** What a drawing cannot be: reached by keys, and read aloud. Seen where it has the focus. */
function Areas(props: Props) {
  const { places, grid, lang, words, missing, onRegion } = props;
  const absent = new Set(missing);
  return (
    <ul class="areas">
      {grid.cells.flatMap(({ region }) => {
        const tile = places.tiles.get(region.code);
        if (!tile || absent.has(region.code)) return [];
        const text = [nameOf(region, lang), words.line[tile.level], told(tile, props)].filter(Boolean).join(" ");
        return [
          <li key={region.code}>
            <button type="button" data-region={region.code} data-level={tile.level} onClick={() => onRegion(region.code)}>
              {text}
            </button>
          </li>,
        ];
      })}
    </ul>
  );
}
