/**
 * A chart of one figure over time.
 *
 * @module
 */

import UPlot from "uplot";
import { html, useEffect, useRef, type VNode } from "./dom.ts";

/** What a chart shows. */
export interface ChartProps {
  readonly label: string;
  /** Seconds since 1970, and values at these times. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly format: (value: number) => string;
}

const HEIGHT = 110;

/** The chart. Its text says the latest value, for who cannot see it. */
export function Chart({ label, times, values, format }: ChartProps): VNode {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    // A canvas needs plain colors. The style of the element has them, for light and for dark.
    const color = (name: "color" | "caretColor" | "columnRuleColor" | "outlineColor") => () =>
      getComputedStyle(target)[name];
    const axis = {
      stroke: color("caretColor"),
      grid: { stroke: color("columnRuleColor"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui",
    };
    plot.current = new UPlot(
      {
        width: target.clientWidth || 260,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: true } },
        scales: { x: { time: true } },
        axes: [
          { ...axis, space: 80, size: 22 },
          { ...axis, size: 58, space: 28, values: (_: UPlot, all: number[]) => all.map(format) },
        ],
        series: [{}, { stroke: color("color"), fill: color("outlineColor"), width: 1.5, points: { show: false } }],
      },
      [[...times], [...values]] as UPlot.AlignedData,
      target,
    );
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: target.clientWidth, height: HEIGHT }));
    resized.observe(target);
    return () => {
      resized.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData([[...times], [...values]] as UPlot.AlignedData), [times.length, times.at(-1)]);
  const latest = values.at(-1);
  return html`<div ref=${element} class="chart" role="img"
    aria-label=${`${label}: ${typeof latest === "number" ? format(latest) : "no value yet"}`}></div>`;
}
