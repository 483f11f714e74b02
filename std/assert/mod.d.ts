/** Fails unless `expr` is true or the like. */
export declare function assert(expr: unknown, msg?: string): asserts expr;

/** Fails unless `expr` is false or the like. */
export declare function assertFalse(expr: unknown, msg?: string): void;

/** Fails unless both are equal, in depth. */
export declare function assertEquals<T>(actual: T, expected: T, msg?: string): void;

/** Fails unless `actual` is made by `expectedType`. */
// biome-ignore lint/suspicious/noExplicitAny: constructors take whatever they take
export declare function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T>;

/** Fails unless `expected` matches `actual`. */
export declare function assertMatch(actual: string, expected: RegExp, msg?: string): void;

/** Fails unless `actual` has `expected` in it. */
export declare function assertStringIncludes(actual: string, expected: string, msg?: string): void;

/** Fails unless `fn` throws such an error, whose message has `msgIncludes` in it; returns it. */
export declare function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // biome-ignore lint/suspicious/noExplicitAny: constructors take whatever they take
  ErrorClass?: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;

/** Fails unless the promise of `fn` rejects with such an error, whose message has `msgIncludes` in it; resolves to it. */
export declare function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: constructors take whatever they take
  ErrorClass?: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
