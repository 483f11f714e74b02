/** How {@linkcode format} writes a length of time. */
export interface FormatOptions {
  /** `1m 5s`, `1 minute, 5 seconds`, or `00:00:01:05:000:000:000`. Default: narrow. */
  style?: "narrow" | "full" | "digital";
  /** Leaves units of zero out. Default: false. */
  ignoreZero?: boolean;
}

/** A length of time in milliseconds, as people read it. */
export declare function format(ms: number, options?: FormatOptions): string;
