import type { Tick } from "../model/alerts";
import type { Level } from "../model/types";

/** One grammar everywhere: bar, coloured ticks, their values underneath, the crossed one white and bold. */
export function Gauge(props: {
  /** 0 to 1; beyond 1 an arrow. */
  filled: number;
  level: Level;
  ticks: readonly (Tick & { place: number; text: string; crossed: boolean })[];
}) {
  const { filled, level, ticks } = props;
  const width = 100;
  return (
    <div class="gauge">
      <svg class="bar" viewBox={`0 0 ${width} 10`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" x="0" y="0" width={width} height="10" />
        <rect class={`fill ${level}`} x="0" y="0" width={Math.min(Math.max(filled, 0), 1) * width} height="10" />
      </svg>
      <svg class="ticks" viewBox={`0 0 ${width} 10`} preserveAspectRatio="none" aria-hidden="true">
        {ticks.map((tick) => (
          <line
            key={tick.level}
            class={tick.crossed ? "tick crossed" : `tick ${tick.level}`}
            x1={tick.place * width}
            x2={tick.place * width}
            y1="0"
            y2="10"
            vector-effect="non-scaling-stroke"
          />
        ))}
      </svg>
      {filled > 1 && <span class="beyond" />}
      {ticks.map((tick) => (
        <span key={tick.level} class={tick.crossed ? "value crossed" : "value"} style={{ left: `${tick.place * 100}%` }}>
          {tick.text}
        </span>
      ))}
    </div>
  );
}
