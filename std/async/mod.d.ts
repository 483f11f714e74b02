/** How {@linkcode deadline} waits. */
export interface DeadlineOptions {
  /** Rejects sooner, with the reason of the signal. */
  signal?: AbortSignal;
}

/** The promise, or a rejection with a `DOMException` named `TimeoutError` after `ms` milliseconds. */
export declare function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;

/** How {@linkcode delay} waits. */
export interface DelayOptions {
  /** Rejects with the reason of the signal. */
  signal?: AbortSignal;
}

/** Resolves after `ms` milliseconds. */
export declare function delay(ms: number, options?: DelayOptions): Promise<void>;
